// SPDX-License-Identifier: GPL-3.0-or-later
// A variable more, and nobody uses it.
// expect: new data added
#include "case.h"
#ifdef NEW
int added = 3;
#endif
int stays = 4;
void f(void)
{
	use(stays);
}
