// SPDX-License-Identifier: GPL-3.0-or-later
// GCC makes one of two functions that are equal: g called f, and has a body of its own since f says something else.
// where: gcc
// flags: -fipa-icf
// expect[Os]: changed f; changed g
// expect[!Os]: changed f; maybe changed g
// reason[Os] g: "not found"
#include "case.h"
#ifdef NEW
#define TEXT "not there"
#else
#define TEXT "not found"
#endif
void f(long value)
{
	use(value);
	use_text(TEXT);
}
void g(long value)
{
	use(value);
	use_text("not found");
}
