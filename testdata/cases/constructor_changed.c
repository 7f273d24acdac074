// SPDX-License-Identifier: GPL-3.0-or-later
// A constructor has run already.
// expect: changed start; refuse init-changed start
#include "case.h"
#ifdef NEW
#define VALUE 51
#else
#define VALUE 50
#endif
static __attribute__((constructor)) void start(void)
{
	use(VALUE);
}
void f(void)
{
	use(50);
}
