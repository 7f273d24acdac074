// SPDX-License-Identifier: GPL-3.0-or-later
// One more argument of a function with any number of them.
// expect: changed f
// reason f: "%d %d"
#include "case.h"
void report(const char *format, ...);
void f(int a, int b)
{
#ifdef NEW
	report("%d %d\n", a, b);
#else
	report("%d\n", a);
#endif
}
void g(int a)
{
	report("%d\n", a);
}
