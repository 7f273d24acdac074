// SPDX-License-Identifier: GPL-3.0-or-later
// A constructor stays what it is when the function beside it changes.
// expect: changed f
#include "case.h"
static __attribute__((constructor)) void start(void)
{
	use(5);
}
static __attribute__((destructor)) void end(void)
{
	use(6);
}
#ifdef NEW
#define VALUE 51
#else
#define VALUE 50
#endif
void f(void)
{
	use(VALUE);
}
