// SPDX-License-Identifier: GPL-3.0-or-later
// A function that nobody used is gone.
// expect: removed gone
#include "case.h"
#ifndef NEW
void gone(void)
{
	use(3);
}
#endif
void f(void)
{
	use(4);
}
