// SPDX-License-Identifier: GPL-3.0-or-later
// GCC moves what is unlikely into f.cold: a number in it changed, so f changed.
// where: gcc x86_64 O2 O3
// expect: changed f
// reason f: immediate old=11 new=12
#include "case.h"
#ifdef NEW
#define CODE 12
#else
#define CODE 11
#endif
void fail(long code, const char *text) __attribute__((cold));
void f(long value)
{
	if (value > 100) {
		fail(CODE, "too large");
		use_text("after");
		fail(CODE + value, "again");
	}
	use(value);
}
void g(long value)
{
	if (value > 100) {
		fail(11, "g");
		use_text("after g");
	}
	use(value + 1);
}
