// SPDX-License-Identifier: GPL-3.0-or-later
// A constant table of functions has another entry: who reads it must be new as well.
// Clang at -Os jumps through the table with its address in a register that could be an argument's; the table's type
// says that it is none.
// expect: changed data table; changed call
// expect[clang nog]: maybe refuse data-changed table
// expect[clang splitdwarf]: maybe refuse data-changed table
// Clang with kcfi loads the function into a register and checks it before the jump
// expect[ubsan]: maybe refuse data-changed table
// expect[gcc kasan]: maybe refuse data-changed table
// expect[kcfi]: maybe refuse data-changed table
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
