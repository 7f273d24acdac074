// SPDX-License-Identifier: GPL-3.0-or-later
// A callback is another function.
// expect: changed f
// reason f: two
#include "case.h"
void one(void), two(void);
void each(void (*work)(void));
#ifdef NEW
#define WORK two
#else
#define WORK one
#endif
void f(void)
{
	each(WORK);
}
void g(void)
{
	each(one);
}
