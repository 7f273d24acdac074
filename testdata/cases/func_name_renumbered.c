// SPDX-License-Identifier: GPL-3.0-or-later
// __func__ is a table with a number; a new function with its own comes before.
// expect: new before
#include "case.h"
#ifdef NEW
void before(void)
{
	use_text(__func__);
}
#endif
void f(void)
{
	use_text(__func__);
}
void g(void)
{
	use_text(__func__);
}
