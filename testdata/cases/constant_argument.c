// SPDX-License-Identifier: GPL-3.0-or-later
// One number that is passed on.
// expect: changed f
// reason f: immediate old=1000 new=2000
#include "case.h"
#ifdef NEW
#define SIZE 2000
#else
#define SIZE 1000
#endif
void f(void)
{
	use(SIZE);
}
void g(void)
{
	use(1000);
}
