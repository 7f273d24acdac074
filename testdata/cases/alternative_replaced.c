// SPDX-License-Identifier: GPL-3.0-or-later
// alternative() (Linux): the instructions that replace those of f on some processors are others. Those of g are not.
// where: x86_64
// expect: changed f
#include "kernel.h"
#ifdef NEW
#define OTHER "mfence"
#else
#define OTHER "lfence"
#endif
#define ALTERNATIVE(feature, other)                                                                          \
	__asm__ volatile("661: nop; nop; nop\n662:\n"                                                         \
			 ".pushsection .altinstructions,\"a\"\n"                                             \
			 ".long 661b - ., 663f - .\n.word " feature "\n.byte 662b-661b, 664f-663f\n.popsection\n" \
			 ".pushsection .altinstr_replacement,\"ax\"\n663: " other "\n664:\n.popsection" ::    \
				 : "memory")
void f(void)
{
	ALTERNATIVE("7", OTHER);
	use(1);
}
void g(void)
{
	ALTERNATIVE("7", "lfence");
	use(2);
}
