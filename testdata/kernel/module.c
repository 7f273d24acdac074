// SPDX-License-Identifier: GPL-3.0-or-later
#include "tiny.h"

__asm__(".pushsection .modinfo,\"a\"\n.asciz \"name=tiny_module\"\n.asciz \"vermagic=6.1.0-tiny SMP mod_unload \"\n"
	".popsection");

static long own_key = 1;

extern int in_module(int x);
int (*operation)(int) = in_module;

int in_module(int x)
{
#ifdef NEW_OWN_KEY
	CALL_SITE(own_key);
	x++;
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
	return plain(x) + (int)own_key;
}
