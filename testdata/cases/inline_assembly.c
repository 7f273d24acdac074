// SPDX-License-Identifier: GPL-3.0-or-later
// Assembly in a function.
// expect: changed f
#include "case.h"
void f(void)
{
	use(1);
#ifdef NEW
	__asm__ volatile("nop\n\tnop\n\tnop");
#else
	__asm__ volatile("nop\n\tnop");
#endif
	use(2);
}
void g(void)
{
	__asm__ volatile("nop");
	use(3);
}
