// SPDX-License-Identifier: GPL-3.0-or-later
// EXPORT_SYMBOL (Linux): exports written in another order are the same exports.
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
EXPORT("_gpl", second);
EXPORT("", first);
#else
EXPORT("", first);
EXPORT("_gpl", second);
#endif
