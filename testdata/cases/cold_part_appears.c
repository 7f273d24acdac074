// SPDX-License-Identifier: GPL-3.0-or-later
// A branch became unlikely: f gets a cold part, which is part of f.
// where: gcc x86_64 O2 O3
// expect: changed f; maybe new f
#include "case.h"
#ifdef NEW
void fail(long code) __attribute__((cold));
#else
void fail(long code);
#endif
void f(long value)
{
	if (value > 100) {
		fail(1);
		use_text("after");
		fail(value);
	}
	use(value);
}
