// SPDX-License-Identifier: GPL-3.0-or-later
// An instance of a template, in a COMDAT group, changed; another instance of another one did not.
// expect: changed _Z5scaleIlET_S0_
#include "case.h"
#ifdef NEW
#define STEP 31
#else
#define STEP 30
#endif
template <typename T> NOINLINE T scale(T value)
{
	return value * (T)get() + STEP;
}
template <typename T> NOINLINE T other(T value)
{
	return value - (T)get() + 30;
}
long f(long value)
{
	return scale<long>(value) + other<long>(value);
}
