// SPDX-License-Identifier: GPL-3.0-or-later
// The function may be overridden now.
// expect: changed f
// reason f: attribute weak
#include "case.h"
#ifdef NEW
__attribute__((weak))
#endif
void f(void)
{
	use(1);
}
