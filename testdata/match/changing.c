// SPDX-License-Identifier: GPL-3.0-or-later
// A fix, a new function, a changed constant; with a static whose number and a string whose place move.
#include <stdio.h>

#ifdef NAMELESS
// Two bytes without a name, of which only the address is used, before others that change: nothing in the images
// tells how many they are.
#ifdef NEW
#define NEXT "2, 2, 2, 2"
#else
#define NEXT "1, 1, 1, 1"
#endif
__asm__(".section .rodata.nameless,\"a\"\n.balign 16\n.Lnameless: .byte 0, 0\n"
	".section .rodata.next,\"a\"\n.byte " NEXT "\n.text\n");

__attribute__((noinline)) const char *nameless(void)
{
	const char *bytes;

	__asm__("lea .Lnameless(%%rip), %0" : "=r"(bytes));
	return bytes;
}
#endif

#ifdef NEW
const int limits[4] = {10, 20, 31, 40};
#else
const int limits[4] = {10, 20, 30, 40};
#endif

#ifdef NEW
static long moves_bss = 5; // 8 bytes: .bss begins elsewhere, its aligned contents do not
static __thread long moves_thread_offsets = 3;

int added(int value);
#endif

__attribute__((noinline)) int counted(int value)
{
	static int calls;

	calls += value;
#ifdef NEW
	return calls + added(value);
#else
	return calls;
#endif
}

__attribute__((noinline)) int untouched(int value)
{
	static int calls;

	calls ^= value;
	puts("untouched");
	return calls;
}

#ifdef NEW
static const int table[8] = {1, 5, 4, 9, 2, 8, 8, 3};
#else
static const int table[8] = {1, 5, 4, 9, 2, 8, 7, 3};
#endif

__attribute__((noinline)) int fixed(int value)
{
#ifdef NEW
	if (value > 100)
		return -1;
#endif
	return value * table[value & 7];
}

#ifdef NEW
// The last one, so that the compiler numbers the statics of the others anew.
__attribute__((noinline)) int added(int value)
{
	static int calls;

	calls += (int)moves_thread_offsets++;
	calls += value;
	moves_bss += calls;
	puts("a string that comes first");
	return calls;
}
#endif
