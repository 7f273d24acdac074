// SPDX-License-Identifier: GPL-3.0-or-later
// A tail call within a section is a jump of two bytes; the function between grew, so that it needs five: f is another code,
// though its source is the same.
// where: gcc x86_64 whole O2
// expect: changed between; maybe changed f
#include "case.h"
void f(long value);
static APART void target(long value)
{
	use(value * get());
}
void between(void)
{
	use(1);
#ifdef NEW
	use_text("more"); use_text("more"); use_text("more"); use_text("more"); use_text("more"); use_text("more");
	use_text("more"); use_text("more"); use_text("more"); use_text("more"); use_text("more"); use_text("more");
#endif
}
void f(long value)
{
	target(value + 3);
}
