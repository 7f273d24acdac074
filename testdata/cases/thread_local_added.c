// SPDX-License-Identifier: GPL-3.0-or-later
// A new thread-local variable: running threads have no room for it.
// expect: changed f; new data added; refuse tls-new
#include "case.h"
static __thread int known = 3;
#ifdef NEW
static __thread int added = 4;
#endif
void f(void)
{
	use(known++);
#ifdef NEW
	use(added++);
#endif
}
