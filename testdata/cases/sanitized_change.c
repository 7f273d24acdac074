// SPDX-License-Identifier: GPL-3.0-or-later
// The same with a change of the number.
// where: g x86_64 aarch64 s390x riscv64
// flags: -fsanitize=signed-integer-overflow,bounds
// expect: changed f
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
