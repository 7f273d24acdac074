// SPDX-License-Identifier: GPL-3.0-or-later
// __LINE__ moved and a number changed: a change.
// where: g
// expect: changed f
// reason f: immediate old=3 new=4
#include "case.h"
#ifdef NEW
#define LIMIT 4
/* more
   lines */
#else
#define LIMIT 3
#endif
void f(void)
{
	use_line("too large", __LINE__);
	use(LIMIT);
}
