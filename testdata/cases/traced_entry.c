// SPDX-License-Identifier: GPL-3.0-or-later
// Calls of the tracer at each entry (-pg -mfentry -mrecord-mcount, as Linux has them).
// flags: -pg -mfentry -mrecord-mcount
// where: x86_64 gcc nopie
// expect: new before; changed f
// reason f: 10 11
#include "case.h"
#ifdef NEW
#define VALUE 11
void before(void)
{
	use(3);
}
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
