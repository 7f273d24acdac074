// SPDX-License-Identifier: GPL-3.0-or-later
// A constant table of functions has another entry: who reads it must be new as well.
// Clang at -Os jumps through the table with its address in an argument register.
// expect: changed data table; changed call; maybe refuse data-changed
// reason table: three
// reason call: reads table
#include "case.h"
void one(void), two(void), three(void);
#ifdef NEW
#define LAST three
#else
#define LAST one
#endif
static void (*const table[])(void) = {one, two, LAST};
void call(unsigned which)
{
	table[which]();
}
void other(void)
{
	one();
	two();
}
