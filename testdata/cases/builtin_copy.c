// SPDX-License-Identifier: GPL-3.0-or-later
// A structure is copied with another size.
// expect: changed f
#include "case.h"
struct thing {
#ifdef NEW
	long values[5];
#else
	long values[4];
#endif
};
// expect[g]: maybe refuse data-layout thing
void f(struct thing *to, const struct thing *from)
{
	*to = *from;
}
void g(long *to, const long *from)
{
	*to = *from;
}
