// SPDX-License-Identifier: GPL-3.0-or-later
// ASSERT_RTNL() twice in a function (Linux): lines moved, and with them its numbers; which flag is which, their order tells, though
// the function above has one more now.
// where: g !nog
// expect: changed before
// suppressed f: 35 47
// suppressed f: 36 48
#include "case.h"
#define ONCE(line)                                                                                           \
	do {                                                                                                 \
		static char __attribute__((section(".data..once"))) __already_done;                          \
		if (get() && !__already_done) {                                                              \
			__already_done = 1;                                                                  \
			use_line("assertion failed", line);                                                  \
		}                                                                                            \
	} while (0)
void before(void)
{
#ifdef NEW
	ONCE(1);
#endif
	ONCE(2);
}
#ifdef NEW
#line 40
#else
#line 30
#endif
void f(void)
{
	use(1);

	ONCE(__LINE__);
	ONCE(__LINE__);
}
