// SPDX-License-Identifier: GPL-3.0-or-later
// A file's static that two functions use; a third user is new.
// expect: new h
#include "case.h"
static long state;
void f(void)
{
	state += get();
}
long g(void)
{
	return state;
}
#ifdef NEW
void h(void)
{
	state = 0;
}
#endif
