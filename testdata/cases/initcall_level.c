// SPDX-License-Identifier: GPL-3.0-or-later
// An initcall (Linux) of another level runs earlier, and initcalls have run: the function is the same, its entry is in another table.
// where: x86_64 aarch64 s390x
// expect: changed data __initcall__kmod_case__0_13_start3; refuse init-changed __initcall__kmod_case__0_13_start3
// reason __initcall__kmod_case__0_13_start3: .initcall6.init .initcall3.init
#include "kernel.h"
static int start(void)
{
	use(1);
	return 0;
}
#ifdef NEW
INITCALL(start, 3);
#else
INITCALL(start, 6);
#endif
