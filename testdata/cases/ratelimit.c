// SPDX-License-Identifier: GPL-3.0-or-later
// printk_ratelimited (Linux): static state _rs with an initial value.
// expect: new before
#include "case.h"
#define LIMITED(text)                                                                                        \
	do {                                                                                                 \
		static struct {                                                                              \
			int interval, burst;                                                                 \
		} _rs = {5000, 10};                                                                          \
		use_pointer(&_rs);                                                                           \
		use_text(text);                                                                              \
	} while (0)
#ifdef NEW
void before(void)
{
	LIMITED("before");
}
#endif
void f(void)
{
	LIMITED("f");
}
void g(void)
{
	LIMITED("g");
}
