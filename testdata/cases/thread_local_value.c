// SPDX-License-Identifier: GPL-3.0-or-later
// Another initial value of a thread-local variable.
// expect: changed data level; refuse data-changed level
#include "case.h"
#ifdef NEW
__thread int level = 8;
#else
__thread int level = 7;
#endif
void f(void)
{
	level++;
}
