// SPDX-License-Identifier: GPL-3.0-or-later
// Another initial value of a variable: its users stay, the state cannot be patched.
// expect: changed data level; refuse data-changed level
#include "case.h"
#ifdef NEW
int level = 8;
#else
int level = 7;
#endif
void f(void)
{
	level++;
}
