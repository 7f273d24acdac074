// SPDX-License-Identifier: GPL-3.0-or-later
// alternative() (Linux): the same instructions, for processors with another feature.
// where: x86_64
// expect: changed f
#include "kernel.h"
#ifdef NEW
#define FEATURE "9"
#else
#define FEATURE "7"
#endif
#define ALTERNATIVE(feature)                                                                                 \
	__asm__ volatile("661: nop; nop; nop\n662:\n"                                                         \
			 ".pushsection .altinstructions,\"a\"\n"                                             \
			 ".long 661b - ., 663f - .\n.word " feature "\n.byte 662b-661b, 664f-663f\n.popsection\n" \
			 ".pushsection .altinstr_replacement,\"ax\"\n663: lfence\n664:\n.popsection" ::       \
				 : "memory")
void f(void)
{
	ALTERNATIVE(FEATURE);
	use(1);
}
void g(void)
{
	ALTERNATIVE("7");
	use(2);
}
