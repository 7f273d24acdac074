// SPDX-License-Identifier: GPL-3.0-or-later
// A number of 64 bits.
// also: clang16-riscv64-O0-pie-sections-plain
// expect: changed f
#include "case.h"
#ifdef NEW
#define MAGIC 0x1234567890abcdefL
#else
#define MAGIC 0x1234567890abcdeeL
#endif
void f(void)
{
	use(MAGIC);
}
void g(void)
{
	use(0x1234567890abcdeeL);
}
