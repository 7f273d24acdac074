// SPDX-License-Identifier: GPL-3.0-or-later
// WARN (Linux): an entry of __bug_table holds the line of its place, which moved.
// where: x86_64 g
// expect: nothing
#include "case.h"
#ifdef NEW
#line 90
#endif
#define WARN()                                                                                               \
	__asm__ volatile("1: ud2\n"                                                                          \
			 ".pushsection __bug_table,\"aw\"\n"                                                \
			 "2: .long 1b - .\n.long 0\n.word %c0\n.word 0\n.popsection"                         \
			 :                                                                                   \
			 : "i"(__LINE__))
void f(long value)
{
	if (value > 3)
		WARN();
	use(1);
}
void g(void)
{
	WARN();
	use(2);
}
