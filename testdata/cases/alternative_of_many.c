// SPDX-License-Identifier: GPL-3.0-or-later
// ALTERNATIVE (Linux on ARM): one more of them in f moves the replacements of g, which stay the same.
// where: aarch64
// expect: changed f
#include "kernel.h"
#define ALTERNATIVE(other)                                                                                   \
	__asm__ volatile("661: nop; nop\n662:\n"                                                              \
			 ".pushsection .altinstructions,\"a\"\n"                                             \
			 ".word 661b - ., 663f - .\n.hword 12\n.byte 662b-661b, 664f-663f\n.popsection\n"      \
			 ".subsection 1\n663: " other "\n664:\n.previous" ::                                   \
				 : "memory")
void f(void)
{
#ifdef NEW
	ALTERNATIVE("dsb ishst; isb");
#endif
	ALTERNATIVE("dsb ish; bl use");
	use(1);
}
void g(void)
{
	ALTERNATIVE("dsb osh; isb");
	use(2);
}
