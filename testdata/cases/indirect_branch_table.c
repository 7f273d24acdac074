// SPDX-License-Identifier: GPL-3.0-or-later
// Expolines (Linux on s390): tables of branches hold positions; one more branch in f is f's difference, not g's.
// where: s390x
// expect: changed f
#include "kernel.h"
#define BRANCH() __asm__ volatile("1: nopr\n.pushsection .s390_indirect_call,\"a\"\n.long 1b - .\n.popsection" ::: "memory")
void f(void)
{
#ifdef NEW
	BRANCH();
#endif
	BRANCH();
	use(1);
}
void g(void)
{
	BRANCH();
	use(2);
}
