// SPDX-License-Identifier: GPL-3.0-or-later
// EXPORT_SYMBOL (Linux): the entry of that name means another function now.
// where: x86_64 aarch64 s390x
// expect: changed data __ksymtab_first; refuse section-unsupported __ksymtab_first
#include "kernel.h"
long second(void)
{
	return get() + 2;
}
long third(void)
{
	return get() + 3;
}
#ifdef NEW
#define MEANT "third"
#else
#define MEANT "second"
#endif
__asm__(".section \"___ksymtab+first\", \"a\"\n.balign 4\n__ksymtab_first:\n.4byte " MEANT " - .\n.4byte 0\n.4byte 0\n.previous\n");
