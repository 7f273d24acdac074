// SPDX-License-Identifier: GPL-3.0-or-later
// module_init in the kernel itself (Linux): the entry's name holds a counter and a line, which moved.
// where: x86_64 aarch64 s390x
// expect: nothing
#include "kernel.h"
#ifdef NEW
enum { TWO = __COUNTER__ + __COUNTER__ };
#line 200
#endif
static int start(void)
{
	use(1);
	return 0;
}
static int start_late(void)
{
	use(2);
	return 0;
}
INITCALL(start, 6);
INITCALL(start_late, 7);
INITCALL(start_late, 7s);
INITCALL(start_late, early);
