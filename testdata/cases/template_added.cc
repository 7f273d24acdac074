// SPDX-License-Identifier: GPL-3.0-or-later
// One more instance of a template.
// also: clang16-x86_64-O1-pie-whole-ubsan
// expect: new _Z5scaleIiET_S0_; new _Z1gi
// Clang describes the types of functions, which calls are checked against
// expect[clang ubsan]: new data _ZTSFiiE; new data _ZTIFiiE
#include "case.h"
template <typename T> NOINLINE T scale(T value)
{
	return value * (T)get() + 30;
}
long f(long value)
{
	return scale<long>(value) + 1;
}
#ifdef NEW
int g(int value)
{
	return scale<int>(value) + 1;
}
#endif
