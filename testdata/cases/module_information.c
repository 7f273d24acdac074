// SPDX-License-Identifier: GPL-3.0-or-later
// The text of a module's author (Linux, .modinfo) is read when the module is loaded; no code refers to it.
// expect: changed data info
// expect: maybe refuse section-unsupported; maybe refuse data-changed
#include "case.h"
#ifdef NEW
#define TEXT "author=somebody else"
#else
#define TEXT "author=somebody"
#endif
static const char info[] KEEP __attribute__((section(".modinfo"))) = TEXT;
void f(void)
{
	use(1);
}
