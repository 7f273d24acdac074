// SPDX-License-Identifier: GPL-3.0-or-later
// What was inlined is a function of its own now.
// where: O1 O2 O3
// expect: changed f; new helper
#include "case.h"
#ifdef NEW
#define HOW static APART
#else
#define HOW INLINE
#endif
HOW void helper(long value)
{
	use(value + 700);
	use_text("helper");
}
void f(void)
{
	helper(get());
}
