// SPDX-License-Identifier: GPL-3.0-or-later
// A flag __warned that a new function has as well.
// expect: new before
#include "case.h"
#define WARN(text)                                                                                           \
	do {                                                                                                 \
		static int __warned;                                                                         \
		if (!__warned) {                                                                             \
			__warned = 1;                                                                        \
			use_text(text);                                                                      \
		}                                                                                            \
	} while (0)
#ifdef NEW
void before(void)
{
	WARN("before");
}
#endif
void f(void)
{
	WARN("f");
}
