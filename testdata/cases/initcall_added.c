// SPDX-License-Identifier: GPL-3.0-or-later
// One more initcall (Linux): it would have to run, and the time for that is over.
// where: x86_64 aarch64 s390x
// expect: new start_more; new data __initcall__kmod_case__2_18_start_more6; refuse init-changed __initcall__kmod_case__2_18_start_more6
#include "kernel.h"
static int start(void)
{
	use(1);
	return 0;
}
INITCALL(start, 6);
#ifdef NEW
static int start_more(void)
{
	use(2);
	return 0;
}
INITCALL(start_more, 6);
#endif
