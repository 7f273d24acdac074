// SPDX-License-Identifier: GPL-3.0-or-later
// EXPORT_SYMBOL is gone (Linux): who was linked with the function keeps it, which is there as before.
// where: x86_64 aarch64 s390x
// expect: removed data __ksymtab_first
#include "kernel.h"
long first(void)
{
	return get() + 1;
}
long second(void)
{
	return get() + 2;
}
EXPORT("", second);
#ifndef NEW
EXPORT("", first);
#endif
