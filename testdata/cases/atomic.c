// SPDX-License-Identifier: GPL-3.0-or-later
// An addition became an atomic one.
// expect: changed f
#include "case.h"
extern long counter;
void f(void)
{
#ifdef NEW
	__atomic_fetch_add(&counter, 3, __ATOMIC_SEQ_CST);
#else
	counter += 3;
#endif
}
void g(void)
{
	counter += 4;
}
