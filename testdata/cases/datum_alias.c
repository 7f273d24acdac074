// SPDX-License-Identifier: GPL-3.0-or-later
// Two names of one variable; who uses either stays.
// expect: changed data level|other_level; refuse data-changed level|other_level
#include "case.h"
#ifdef NEW
int level = 6;
#else
int level = 5;
#endif
extern int other_level __attribute__((alias("level")));
int f(void)
{
	return level++;
}
int g(void)
{
	return other_level--;
}
