// SPDX-License-Identifier: GPL-3.0-or-later
// A pointer into the middle of a text; the text before the pointer changed, what is read did not ... but the whole text is
// what the compiler keeps, and the offset into it: same offset, same tail, other head.
// expect: changed f
#include "case.h"
#ifdef NEW
#define HEAD "ab"
#else
#define HEAD "xy"
#endif
const char *f(void)
{
	static const char text[] = HEAD "common";

	use_text(text);
	return text + 2;
}
// expect: maybe changed data f.text; maybe refuse data-changed f.text
