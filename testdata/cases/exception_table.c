// SPDX-License-Identifier: GPL-3.0-or-later
// An entry of __ex_table (Linux) belongs to the function it points into; its place of repair moved within f.
// where: x86_64
// expect: changed f
#include "case.h"
#ifdef NEW
#define REPAIR "3b"
#else
#define REPAIR "2b"
#endif
void f(long *place)
{
	__asm__ volatile("1: nop\n2: nop\n3: nop\n"
			 ".pushsection __ex_table,\"a\"\n"
			 ".balign 4\n.long 1b - .\n.long " REPAIR " - .\n.long 1\n"
			 ".popsection");
	use(1);
}
void g(void)
{
	__asm__ volatile("1: nop\n2: nop\n"
			 ".pushsection __ex_table,\"a\"\n"
			 ".balign 4\n.long 1b - .\n.long 2b - .\n.long 1\n"
			 ".popsection");
	use(2);
}
