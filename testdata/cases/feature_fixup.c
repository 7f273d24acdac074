// SPDX-License-Identifier: GPL-3.0-or-later
// BEGIN_FTR_SECTION (Linux on POWER): an entry of __ftr_fixup asks for another feature of the processor.
// where: ppc64le
// expect: changed f
#include "kernel.h"
#ifdef NEW
#define FEATURE "0x20"
#else
#define FEATURE "0x10"
#endif
#define FIXUP(feature)                                                                                       \
	__asm__ volatile("1: nop\n2:\n"                                                                       \
			 ".pushsection __ftr_fixup,\"a\"\n.balign 8\n3:\n"                                   \
			 ".8byte " feature "\n.8byte " feature "\n"                                           \
			 ".8byte 1b - 3b\n.8byte 2b - 3b\n.8byte 2b - 3b\n.8byte 2b - 3b\n.popsection" ::     \
				 : "memory")
void f(void)
{
	FIXUP(FEATURE);
	use(1);
}
void g(void)
{
	FIXUP("0x10");
	use(2);
}
