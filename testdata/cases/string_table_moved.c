// SPDX-License-Identifier: GPL-3.0-or-later
// A constant table of strings is the same though all its strings moved.
// expect: new before
#include "case.h"
#ifdef NEW
void before(void)
{
	use_text("something that comes before");
}
#endif
static const char *const names[] = {"red", "green", "blue", "white"};
const char *f(unsigned which)
{
	return names[which & 3];
}
