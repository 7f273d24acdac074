// SPDX-License-Identifier: GPL-3.0-or-later
// An initcall is gone (Linux): what it did when the kernel started stays done.
// where: x86_64 aarch64 s390x
// expect: removed start_more; removed data __initcall__kmod_case__2_18_start_more6; refuse init-changed __initcall__kmod_case__2_18_start_more6
#include "kernel.h"
static int start(void)
{
	use(1);
	return 0;
}
INITCALL(start, 6);
#ifndef NEW
static int start_more(void)
{
	use(2);
	return 0;
}
INITCALL(start_more, 6);
#endif
