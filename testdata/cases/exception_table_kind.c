// SPDX-License-Identifier: GPL-3.0-or-later
// __ex_table (Linux): the fault at that place in f is handled by another kind of handler.
// where: x86_64
// expect: changed f
#include "kernel.h"
#ifdef NEW
#define KIND "3"
#else
#define KIND "1"
#endif
#define LOAD(kind)                                                                                           \
	__asm__ volatile("1: movl (%%rsi), %%eax\n2:\n.pushsection __ex_table,\"a\"\n.balign 4\n"              \
			 ".long 1b - ., 2b - ., " kind "\n.popsection" ::                                     \
				 : "rax", "memory")
void f(void)
{
	LOAD(KIND);
	use(1);
}
void g(void)
{
	LOAD("1");
	use(2);
}
