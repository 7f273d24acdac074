// SPDX-License-Identifier: GPL-3.0-or-later
// A new function brings a string that moves all others in their pool.
// expect: new before
#include "case.h"
#ifdef NEW
void before(void)
{
	use_text("a long text that comes before all others");
}
#endif
void f(void)
{
	use_text("first");
	use_text("second");
}
void g(void)
{
	use_text("second");
	use_text("third");
}
