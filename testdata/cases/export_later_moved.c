// SPDX-License-Identifier: GPL-3.0-or-later
// EXPORT_SYMBOL (Linux 6.4): written in another order.
// where: x86_64 aarch64 s390x
// expect: nothing
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
EXPORT_LATER("", second);
EXPORT_LATER("GPL", first);
#else
EXPORT_LATER("GPL", first);
EXPORT_LATER("", second);
#endif
