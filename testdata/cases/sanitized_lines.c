// SPDX-License-Identifier: GPL-3.0-or-later
// UBSAN's records of source places (.Lubsan_data, in the kernel .data..Lubsan*) hold lines, which moved.
// where: g x86_64 aarch64 s390x riscv64
// flags: -fsanitize=signed-integer-overflow,bounds
// expect: nothing
#include "case.h"
#ifdef NEW
#line 90
#endif
extern int table[10];
int f(int value, int which)
{
	return table[which] * value + 3;
}
