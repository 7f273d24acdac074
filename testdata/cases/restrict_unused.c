// SPDX-License-Identifier: GPL-3.0-or-later
// A declaration of a function that is not called changed.
// expect: nothing
#include "case.h"
#ifdef NEW
long measure(const char *text, int more);
#else
long measure(const char *text);
#endif
void f(void)
{
	use(1);
}
