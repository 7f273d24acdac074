// SPDX-License-Identifier: GPL-3.0-or-later
// A line number in live data moved: that is a change of its initial value.
// also: clang14-x86_64-O2-pie-sections-kasan
// where: g
// expect: changed data place; refuse data-changed place
#include "case.h"
struct place {
	const char *name;
	int line;
};
#ifdef NEW
#line 300
#else
#line 200
#endif
struct place place = {"somewhere", __LINE__};
void f(void)
{
	use_pointer(&place);
}
