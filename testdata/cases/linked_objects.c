// SPDX-License-Identifier: GPL-3.0-or-later
// `ld -r` of two files with statics and functions of one name: the second file's changed.
// build: link 2
// ld -r puts the two functions of one name into one section
// expect[sections]: refuse no-function-sections helper
// expect: changed helper
// reason[!loongarch64] helper: 30 31
#include "case.h"
#if PART == 1
static long state = 1;
static APART long helper(long value)
{
	return state += value * get() + 30;
}
long first(void)
{
	return helper(1) + 1;
}
#else
#ifdef NEW
#define STEP 31
#else
#define STEP 30
#endif
static long state = 2;
static APART long helper(long value)
{
	return state -= value * get() - STEP;
}
long second(void)
{
	return helper(2) + 2;
}
#endif
