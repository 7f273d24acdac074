// SPDX-License-Identifier: GPL-3.0-or-later
// A static call (Linux, .static_call_sites): the site in f is of another key.
// where: x86_64
// expect: changed f
// reason f: second
#include "kernel.h"
#ifdef NEW
#define KEY "second"
#else
#define KEY "first"
#endif
#define CALL(key)                                                                                            \
	__asm__ volatile("1: call __SCT__" key "\n"                                                           \
			 ".pushsection .static_call_sites,\"aw\"\n.balign 4\n"                                \
			 ".long 1b - ., __SCK__" key " - .\n.popsection" ::                                   \
				 : "memory")
void f(void)
{
	CALL(KEY);
	use(1);
}
void g(void)
{
	CALL("first");
	use(2);
}
