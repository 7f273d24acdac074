// SPDX-License-Identifier: GPL-3.0-or-later
// A function was declared to never return: with optimisation nothing is behind its call any more.
// expect[!O0]: changed f
// expect[O0]: maybe changed f
#include "case.h"
#ifdef NEW
void stop(void) __attribute__((noreturn));
#else
void stop(void);
#endif
void f(long value)
{
	use(1);
	if (value > 3) {
		stop();
		use_text("behind");
	}
	use(2);
}
