// SPDX-License-Identifier: GPL-3.0-or-later
// A variable more, and nobody uses it.
// also: gcc12-x86_64-O2-pie-sections-kasan
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
