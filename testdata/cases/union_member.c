// SPDX-License-Identifier: GPL-3.0-or-later
// A union got a smaller member: nothing moves.
// expect: changed f
#include "case.h"
union either {
	long number;
#ifdef NEW
	short half;
#endif
};
void f(union either *either)
{
#ifdef NEW
	either->half = 3;
#else
	either->number = 3;
#endif
}
long g(union either *either)
{
	return either->number;
}
