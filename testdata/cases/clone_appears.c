// SPDX-License-Identifier: GPL-3.0-or-later
// The same function became a clone (its unused argument went away): another function to its caller.
// also: gcc12-riscv64-O2-pic-whole-plain
// where: gcc
// expect: changed f; removed helper; new helper.isra.0
#include "case.h"
#ifdef NEW
#define NAME "helper.isra.0"
#else
#define NAME "helper"
#endif
static long helper(long value) __asm__(NAME);
static APART long helper(long value)
{
	return value * get() + 3;
}
long f(void)
{
	return helper(1);
}
