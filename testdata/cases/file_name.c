// SPDX-License-Identifier: GPL-3.0-or-later
// __FILE__ is the same on both sides.
// expect: nothing
#include "case.h"
void f(void)
{
	use_text(__FILE__);
#ifdef NEW
	/* a comment more */
#endif
}
