// SPDX-License-Identifier: GPL-3.0-or-later
// WARN became WARN_ONCE (Linux): the entry of __bug_table has another flag; the lines moved, which alone is nothing.
// where: x86_64 g
// expect: changed f
#include "kernel.h"
#ifdef NEW
#define FLAGS "3"
#line 90
#else
#define FLAGS "1"
#endif
#define WARN(flags)                                                                                          \
	__asm__ volatile("1: ud2\n"                                                                           \
			 ".pushsection __bug_table,\"aw\"\n"                                                 \
			 "2: .long 1b - .\n.long 0\n.word %c0\n.word " flags "\n.popsection" ::               \
				 "i"(__LINE__))
void f(long value)
{
	if (value > 3)
		WARN(FLAGS);
	use(1);
}
void g(void)
{
	WARN("1");
	use(2);
}
