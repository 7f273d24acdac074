// SPDX-License-Identifier: GPL-3.0-or-later
// One function begins to use its name.
// expect: changed f
#include "case.h"
void f(void)
{
#ifdef NEW
	use_text(__func__);
#else
	use_text("someone");
#endif
}
void g(void)
{
	use_text(__func__);
}
