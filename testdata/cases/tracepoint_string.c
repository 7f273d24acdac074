// SPDX-License-Identifier: GPL-3.0-or-later
// tracepoint_string() (Linux): pointers to texts in a table of their own, which programs that read traces ask for. Code has the
// texts themselves. One more of them in f numbers those of g anew.
// expect: changed f
#include "case.h"
#define TRACE(text)                                                                                                  \
	({                                                                                                           \
		static const char *___tp_str KEEP __attribute__((section("__tracepoint_str"))) = text; \
		___tp_str;                                                                                           \
	})
void f(void)
{
#ifdef NEW
	use_text(TRACE("more"));
#endif
	use_text(TRACE("f"));
}
void g(void)
{
	use_text(TRACE("start"));
	use_text(TRACE("end"));
}
