// SPDX-License-Identifier: GPL-3.0-or-later
// A static key (Linux, __jump_table): the branch of f is by another key.
// where: x86_64
// expect: changed f
#include "case.h"
extern long first_key, second_key;
#ifdef NEW
#define KEY "second_key"
#else
#define KEY "first_key"
#endif
#define BRANCH(key)                                                                                          \
	__asm__ goto("1: .byte 0x0f,0x1f,0x44,0x00,0x00\n"                                                  \
		     ".pushsection __jump_table, \"aw\"\n.balign 8\n"                                       \
		     ".long 1b - ., %l[yes] - .\n.quad " key " - .\n.popsection"                             \
		     :                                                                                       \
		     :                                                                                       \
		     :                                                                                       \
		     : yes)
void f(void)
{
	BRANCH(KEY);
	use(1);
	return;
yes:
	use_text("yes");
}
void g(void)
{
	BRANCH("first_key");
	use(2);
	return;
yes:
	use_text("yes");
}
