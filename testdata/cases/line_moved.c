// SPDX-License-Identifier: GPL-3.0-or-later
// Lines were added above: __LINE__ moved and nothing else.
// where: g
// expect: nothing
// suppressed f: 14 26
#include "case.h"
#ifdef NEW
#line 20
#else
#line 10
#endif
void f(void)
{
	if (get() > 3)
		use_line("too large", __LINE__);
}
