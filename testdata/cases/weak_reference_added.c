// SPDX-License-Identifier: GPL-3.0-or-later
// The function is required now.
// expect: changed f
#include "case.h"
#ifdef NEW
void hook(void);
#else
void hook(void) __attribute__((weak));
#endif
void f(void)
{
	if (hook)
		hook();
	use(4);
}
