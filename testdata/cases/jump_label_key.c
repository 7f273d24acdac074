// SPDX-License-Identifier: GPL-3.0-or-later
// A static key (Linux): bit 0 of an entry's key says which way the branch goes at first. The instructions are the same.
// where: x86_64
// expect: changed f
#include "kernel.h"
extern long key;
#ifdef NEW
#define BRANCH_LIKELY "1 + "
#else
#define BRANCH_LIKELY ""
#endif
#define BRANCH(likely)                                                                                       \
	__asm__ goto("1: .byte 0x0f,0x1f,0x44,0x00,0x00\n"                                                   \
		     ".pushsection __jump_table, \"aw\"\n.balign 8\n"                                        \
		     ".long 1b - ., %l[yes] - .\n.quad " likely "key - .\n.popsection" :: : : yes)
void f(void)
{
	BRANCH(BRANCH_LIKELY);
	use(1);
	return;
yes:
	use_text("yes");
}
void g(void)
{
	BRANCH("");
	use(2);
	return;
yes:
	use_text("yes");
}
