// SPDX-License-Identifier: GPL-3.0-or-later
// A number of 64 bits.
// expect: changed f
#include "case.h"
#ifdef NEW
#define MAGIC 0x1234567890abcdefL
#else
#define MAGIC 0x1234567890abcdeeL
#endif
void f(void)
{
	use(MAGIC);
}
void g(void)
{
	use(0x1234567890abcdeeL);
}
