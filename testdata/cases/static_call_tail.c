// SPDX-License-Identifier: GPL-3.0-or-later
// A static call (Linux): bit 0 of an entry's key says that the site is a tail call. Only the table tells.
// where: x86_64
// expect: changed f
#include "kernel.h"
#ifdef NEW
#define FLAG " + 1"
#else
#define FLAG ""
#endif
#define CALL(flag)                                                                                           \
	__asm__ volatile("1: call __SCT__first\n"                                                             \
			 ".pushsection .static_call_sites,\"aw\"\n.balign 4\n"                                \
			 ".long 1b - ., __SCK__first" flag " - .\n.popsection" ::                             \
				 : "memory")
void f(void)
{
	CALL(FLAG);
	use(1);
}
void g(void)
{
	CALL("");
	use(2);
}
