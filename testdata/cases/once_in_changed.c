// SPDX-License-Identifier: GPL-3.0-or-later
// A function with a once-flag changed elsewhere: it is changed, the flag is not mentioned.
// expect: changed f
// reason f: immediate old=5 new=6
#include "case.h"
#ifdef NEW
#define LIMIT 6
#else
#define LIMIT 5
#endif
void f(void)
{
	static char __attribute__((section(".data..once"))) __already_done;

	if (!__already_done) {
		__already_done = 1;
		use_text("once");
	}
	use(LIMIT);
}
