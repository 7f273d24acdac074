// SPDX-License-Identifier: GPL-3.0-or-later
// The same with a change of the number.
// where: g x86_64 aarch64 s390x riscv64
// flags: -fsanitize=signed-integer-overflow,bounds
// expect: changed f
// The records are unnamed live data: hp-build may refuse more than it must.
// expect: maybe refuse static-uncorrelated; maybe refuse data-changed
#include "case.h"
#ifdef NEW
#define STEP 4
#else
#define STEP 3
#endif
extern int table[10];
int f(int value, int which)
{
	return table[which] * value + STEP;
}
int g(int value, int which)
{
	return table[which] - value;
}
