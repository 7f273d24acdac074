// SPDX-License-Identifier: GPL-3.0-or-later
// Padding before and after the entry (-fpatchable-function-entry), with a table of the places.
// flags: -fpatchable-function-entry=6,3
// also: clang16-x86_64-O2-pie-sections-kcfi
// where: x86_64 aarch64 gcc12 clang16
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
