// SPDX-License-Identifier: GPL-3.0-or-later
// EXPORT_SYMBOL (Linux 6.4): a function became available to all modules, not only to those under the GPL.
// where: x86_64 aarch64 s390x
// expect: changed data __export_symbol_second; refuse section-unsupported __export_symbol_second
#include "kernel.h"
long first(void)
{
	return get() + 1;
}
long second(void)
{
	return get() + 2;
}
EXPORT_LATER("GPL", first);
#ifdef NEW
EXPORT_LATER("", second);
#else
EXPORT_LATER("GPL", second);
#endif
