/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A kernel in small: the sections, tables and habits of a real one that hp-build has to know. */
#define __init    __attribute__((section(".init.text"), cold))
#define notrace   __attribute__((no_instrument_function))
#define __weak    __attribute__((weak))
#define noinline  __attribute__((noinline))
#define EXPORT(s)                                                                                            \
	__asm__(".pushsection \"__ksymtab\",\"a\"\n__ksymtab_" #s ": .long " #s " - .\n .long 0\n .long 0\n .popsection")
/* struct static_call_site, struct bug_entry: each names a place in code first. */
#define CALL_SITE(key)                                                                                       \
	__asm__ volatile("1: nopl 0(%rax,%rax,1)\n.pushsection .static_call_sites,\"aw\"\n.long 1b - .\n"    \
			 ".long " #key " - .\n.popsection")
/* struct jump_entry: the place, where to, the key. */
#define BRANCH_SITE(key)                                                                                     \
	__asm__ volatile("1: nopl 0(%rax,%rax,1)\n.pushsection __jump_table,\"aw\"\n.balign 8\n.long 1b - .\n" \
			 ".long 1b - .\n.quad " #key " - .\n.popsection")
#define BUG_SITE()                                                                                           \
	__asm__ volatile("1: ud2\n.pushsection __bug_table,\"aw\"\n.long 1b - .\n.long 0\n.word %c0\n.word 1\n" \
			 ".popsection" ::"i"(__LINE__))

extern long call_key, jiffies;
extern int twin(int x), overridden(int x), plain(int x), main_path(int x), counted(int x);
