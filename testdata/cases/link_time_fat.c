// SPDX-License-Identifier: GPL-3.0-or-later
// Objects that hold machine code and what link-time optimisation wants: the machine code is compared.
// where: gcc
// build: lto
// expect: changed f
// reason f: 10 11
#include "case.h"
#ifdef NEW
#define VALUE 11
#else
#define VALUE 10
#endif
void f(void)
{
	use(VALUE);
}
void g(void)
{
	use(10);
}
