// SPDX-License-Identifier: GPL-3.0-or-later
// ALTERNATIVE (Linux on ARM): other instructions replace f's where the processor has the feature.
// where: aarch64
// expect: changed f
#include "kernel.h"
#ifdef NEW
#define OTHER "dsb ishst"
#else
#define OTHER "dsb ish"
#endif
#define ALTERNATIVE(other)                                                                                   \
	__asm__ volatile("661: nop\n662:\n"                                                                   \
			 ".pushsection .altinstructions,\"a\"\n"                                             \
			 ".word 661b - ., 663f - .\n.hword 12\n.byte 662b-661b, 664f-663f\n.popsection\n"      \
			 ".subsection 1\n663: " other "\n664:\n.previous" ::                                   \
				 : "memory")
void f(void)
{
	ALTERNATIVE(OTHER);
	use(1);
}
void g(void)
{
	ALTERNATIVE("dsb ish");
	use(2);
}
