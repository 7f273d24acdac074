// SPDX-License-Identifier: GPL-3.0-or-later
// A variable of another file became hidden: position-independent code no longer goes through the GOT.
// where: pic x86_64 aarch64
// expect: changed f
#include "case.h"
#ifdef NEW
extern int state __attribute__((visibility("hidden")));
#else
extern int state;
#endif
int f(void)
{
	return state;
}
int g(void)
{
	return 7;
}
