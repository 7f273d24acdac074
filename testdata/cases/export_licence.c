// SPDX-License-Identifier: GPL-3.0-or-later
// EXPORT_SYMBOL becomes EXPORT_SYMBOL_GPL (Linux): the same entry, in another table. Modules that run keep calling.
// where: x86_64 aarch64 s390x
// expect: changed data __ksymtab_first; refuse section-unsupported __ksymtab_first
// reason __ksymtab_first: ___ksymtab+first ___ksymtab_gpl+first
#include "kernel.h"
long first(void)
{
	return get() + 1;
}
#ifdef NEW
EXPORT("_gpl", first);
#else
EXPORT("", first);
#endif
