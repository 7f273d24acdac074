// SPDX-License-Identifier: GPL-3.0-or-later
// Common symbols stay the same when one more is there.
// flags: -fcommon
// expect: new f; maybe new data added
#include "case.h"
#ifdef NEW
long added;
void f(void)
{
	added++;
}
#endif
long shared;
void g(void)
{
	shared++;
}
