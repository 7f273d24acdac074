// SPDX-License-Identifier: GPL-3.0-or-later
// A constant table of strings: one text was corrected, the table's reader with it.
// Clang makes other tables of it that are part of f.
// also: clang14-x86_64-O2-pie-sections-kasan
// expect: changed f
// expect[gcc]: changed data names
// expect[clang]: maybe changed data names
// reason[gcc] names: grean green
#include "case.h"
#ifdef NEW
#define GREEN "green"
#else
#define GREEN "grean"
#endif
static const char *const names[] = {"red", GREEN, "blue", "white"};
const char *f(unsigned which)
{
	return names[which & 3];
}
