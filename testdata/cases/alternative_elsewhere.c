// SPDX-License-Identifier: GPL-3.0-or-later
// ALTERNATIVE_CB (Linux on ARM): a function of another object writes the instructions. Its entries are as long as those whose
// replacement is here, and belong to the functions that they point to, one by one.
// where: aarch64
// expect: changed f
#include "kernel.h"
#define ENTRY(other)                                                          \
	".pushsection .altinstructions,\"a\"\n.word 661b - ., " other " - .\n" \
	".hword 12\n.byte 662b-661b, 664f-663f\n.popsection\n"
#define ALTERNATIVE(other)                                                                                           \
	__asm__ volatile("661: nop\n662:\n" ENTRY("663f") ".subsection 1\n663: " other "\n664:\n.previous" ::: "memory")
#define CALLBACK() __asm__ volatile("663: 664: 661: nop\n662:\n" ENTRY_OF_CALLBACK ::: "memory")
#define ENTRY_OF_CALLBACK                                                            \
	".pushsection .altinstructions,\"a\"\n.word 661b - ., alt_cb_patch_nops - .\n" \
	".hword 32794\n.byte 662b-661b, 0\n.popsection\n"
void e(void)
{
	CALLBACK();
	ALTERNATIVE("dsb ish");
	use(1);
}
void f(void)
{
	ALTERNATIVE("dsb osh");
#ifdef NEW
	CALLBACK();
#endif
	ALTERNATIVE("dsb ishst");
	use(2);
}
void g(void)
{
	CALLBACK();
	ALTERNATIVE("isb");
	use(3);
}
void h(void)
{
	ALTERNATIVE("dsb sy");
	CALLBACK();
	use(4);
}
