// SPDX-License-Identifier: GPL-3.0-or-later
// A constructor more: it would have to run.
// expect: new start; refuse init-changed
#include "case.h"
#ifdef NEW
static __attribute__((constructor)) void start(void)
{
	use(5);
}
#endif
void f(void)
{
	use(50);
}
