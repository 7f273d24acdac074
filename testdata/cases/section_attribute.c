// SPDX-License-Identifier: GPL-3.0-or-later
// The same code in another section: it means the same.
// expect: nothing
#include "case.h"
#ifdef NEW
__attribute__((section(".text.other")))
#endif
void f(void)
{
	use(1);
}
void g(void)
{
	use(2);
}
