// SPDX-License-Identifier: GPL-3.0-or-later
// The address of another element of an array.
// expect: changed f
#include "case.h"
extern long table[16];
#ifdef NEW
#define INDEX 7
#else
#define INDEX 6
#endif
void f(void)
{
	use_pointer(&table[INDEX]);
}
void g(void)
{
	use_pointer(&table[6]);
}
