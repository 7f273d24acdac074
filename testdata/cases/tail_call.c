// SPDX-License-Identifier: GPL-3.0-or-later
// What was a jump to the last function called is a call now, since something follows.
// expect: changed f
// reason[!large !noplt] f: "use 1 → 2 times"
#include "case.h"
void f(void)
{
	use(4);
#ifdef NEW
	use(5);
#endif
}
void g(void)
{
	use(4);
}
