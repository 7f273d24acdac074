// SPDX-License-Identifier: GPL-3.0-or-later
// A function of an unnamed namespace changed.
// expect: changed _ZN12_GLOBAL__N_16helperEl
#include "case.h"
#ifdef NEW
#define STEP 31
#else
#define STEP 30
#endif
namespace
{
APART long helper(long value)
{
	return value * get() + STEP;
}
}
long f(long value)
{
	return helper(value) + 1;
}
