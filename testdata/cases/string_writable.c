// SPDX-License-Identifier: GPL-3.0-or-later
// Text that the program may write to is state.
// expect: changed data banner; refuse data-changed banner
#include "case.h"
#ifdef NEW
char banner[] = "version 2";
#else
char banner[] = "version 1";
#endif
char *f(void)
{
	return banner;
}
