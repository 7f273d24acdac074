// SPDX-License-Identifier: GPL-3.0-or-later
// The text of a module's author (Linux, .modinfo) is read when the module is loaded; no code refers to it, and
// to a module that runs it means nothing any more.
// expect: changed data info
// reason info: somebody "somebody else"
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
