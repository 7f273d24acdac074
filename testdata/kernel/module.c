// SPDX-License-Identifier: GPL-3.0-or-later
#include "tiny.h"

__asm__(".pushsection .modinfo,\"a\"\n.asciz \"name=tiny_module\"\n.asciz \"vermagic=6.1.0-tiny SMP "
	"mod_unload \"\n"
	".popsection");

static long own_key = 1;

// Empty where lockdep is off: an object in a .bss without a byte.
static struct lock_class_key {
} __key;

static noinline int helper(int x)
{
	return x * 7 + (int)own_key;
}

extern int in_module(int x);
int (*operation)(int) = in_module;

int in_module(int x)
{
#ifdef NEW_OWN_KEY
	CALL_SITE(own_key);
	x++;
#elif defined(NEW_OWN_BRANCH)
	CALL_SITE(call_key);
	BRANCH_SITE(call_key);
	BRANCH_SITE(own_key);
#else
	CALL_SITE(call_key);
#endif
#ifdef NEW_MODULE
	if (x == 4)
		return plain(x) + 1;
#endif
#ifdef NEW_IMPORT
	x += counted(x);
#endif
	own_key += x;
	__asm__ volatile("" : : "r"(&__key));
	return plain(x) + helper(x) + (int)own_key;
}
