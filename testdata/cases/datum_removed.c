// SPDX-License-Identifier: GPL-3.0-or-later
// A variable less.
// expect: removed data gone
#include "case.h"
#ifndef NEW
int gone = 3;
#endif
int stays = 4;
void f(void)
{
	use(stays);
}
