// SPDX-License-Identifier: GPL-3.0-or-later
// An initcall (Linux) of another level runs earlier: what ran has run. The old entry is gone, another is there.
// where: x86_64 aarch64 s390x
// expect: new data __initcall__kmod_case__0_12_start3; removed data __initcall__kmod_case__0_14_start6; maybe refuse init-changed
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
