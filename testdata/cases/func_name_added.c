// SPDX-License-Identifier: GPL-3.0-or-later
// One function begins to use its name.
// also: clang14-x86_64-O2-pie-sections-kasan
// also: clang16-x86_64-O2-pie-sections-kasan
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
