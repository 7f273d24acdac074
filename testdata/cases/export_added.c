// SPDX-License-Identifier: GPL-3.0-or-later
// EXPORT_SYMBOL (Linux): one more function may be called from modules. Code stays the same; the tables' strings moved.
// where: x86_64 aarch64 s390x
// The functions trade places; of what a sanitizer keeps without a name in one section, padding seems part then.
// expect: new data __ksymtab_first
// expect[ubsan whole]: maybe refuse static-uncorrelated; maybe refuse data-layout
#include "kernel.h"
long first(void)
{
	return get() + 1;
}
long second(void)
{
	return get() + 2;
}
#ifdef NEW
EXPORT("", first);
#endif
EXPORT("_gpl", second);
