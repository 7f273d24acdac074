// SPDX-License-Identifier: GPL-3.0-or-later
// A library with a symbol of each kind: preemptible, protected, hidden, in two versions, imported; and two functions that
// a linker may fold into one.
#include <stdlib.h>

#ifndef VERSION
#define VERSION 1
#endif
#define HIDDEN    __attribute__((visibility("hidden"), noinline))
#define PROTECTED __attribute__((visibility("protected"), noinline))

int forms_hook(int x); // the program may define its own
int forms_protected(int x);
int forms_hidden(int x);
int forms_first(int x);
int forms_second(int x);
int forms_plain(int x);
int forms_twin_a(int x);
int forms_twin_b(int x);
int forms_all(int x);

__attribute__((noinline)) int forms_hook(int x)
{
	return x + VERSION;
}

PROTECTED int forms_protected(int x)
{
	return x + 10 * VERSION;
}

HIDDEN int forms_hidden(int x)
{
	return x + 100 * VERSION;
}

__asm__(".symver forms_first,forms_versioned@FORMS_1");
__asm__(".symver forms_second,forms_versioned@@FORMS_2");
__attribute__((noinline)) int forms_first(int x)
{
	return x + 1000 * VERSION;
}

__attribute__((noinline)) int forms_second(int x)
{
	return x + 3000 * VERSION;
}

HIDDEN int forms_twin_a(int x)
{
	return x * 7 + 1;
}

HIDDEN int forms_twin_b(int x)
{
#ifdef TWIN
	return x * 7 + VERSION;
#else
	return x * 7 + 1;
#endif
}

int forms_all(int x)
{
	int sum = forms_hook(x) + forms_protected(0) + forms_hidden(0) + abs(x - x) + forms_twin_a(0) +
		  forms_twin_b(0);

#if VERSION > 1
	sum += forms_first(0) - forms_first(0); // refers to more than the old body did
#endif
	return sum;
}
