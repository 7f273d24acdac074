// SPDX-License-Identifier: GPL-3.0-or-later
// A call that returns twice keeps values in memory.
// expect: changed f
// reason f: 8 9
#include "case.h"
int set_point(void *place) __attribute__((returns_twice));
#ifdef NEW
#define CODE 9
#else
#define CODE 8
#endif
extern char place[512];
void f(void)
{
	if (set_point(place))
		use(CODE);
	use_text("on");
}
