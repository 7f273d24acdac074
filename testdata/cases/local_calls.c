// SPDX-License-Identifier: GPL-3.0-or-later
// Calls among the functions of one section, which assemblers resolve themselves; something new lies between.
// expect: new middle
#include "case.h"
static APART long first(long value)
{
	return value * get();
}
#ifdef NEW
void middle(void)
{
	use(1);
	use(2);
	use(3);
}
#endif
static APART long last(long value)
{
	return value - get();
}
long f(long value)
{
	return first(value) + last(value);
}
