// SPDX-License-Identifier: GPL-3.0-or-later
// A structure that no code here uses changed in a header.
// expect: nothing
#include "case.h"
struct thing {
	long first;
#ifdef NEW
	long added;
#endif
	long second;
};
void f(struct thing *thing)
{
	use_pointer(thing);
}
