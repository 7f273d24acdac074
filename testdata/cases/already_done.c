// SPDX-License-Identifier: GPL-3.0-or-later
// WARN_ONCE and pr_once (Linux): the flag of a new function comes first; flags belong to one build and are no data of
// the program. Only the new function is new.
// expect: new before
#include "case.h"
#define ONCE(text)                                                                                           \
	do {                                                                                                 \
		static char __attribute__((section(".data..once"))) __already_done;                          \
		if (!__already_done) {                                                                       \
			__already_done = 1;                                                                  \
			use_text(text);                                                                      \
		}                                                                                            \
	} while (0)
#ifdef NEW
void before(void)
{
	ONCE("before");
}
#endif
void f(void)
{
	ONCE("f");
}
void g(void)
{
	ONCE("g");
}
