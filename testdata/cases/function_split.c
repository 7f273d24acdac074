// SPDX-License-Identifier: GPL-3.0-or-later
// A part of f became a function of its own.
// expect: changed f; new helper
#include "case.h"
#ifdef NEW
static APART void helper(long value)
{
	use(value);
	use_text("helper");
}
#endif
void f(void)
{
#ifdef NEW
	helper(get());
#else
	use(get());
	use_text("helper");
#endif
}
