// SPDX-License-Identifier: GPL-3.0-or-later
// A new field in the padding of a structure: nothing moves.
// Live objects hold there what their memory held before.
// expect[g]: refuse data-layout thing
// expect: changed set
#include "case.h"
struct thing {
	char kind;
#ifdef NEW
	char added;
#endif
	long value;
};
void set(struct thing *thing)
{
	thing->kind = 1;
#ifdef NEW
	thing->added = 77;
#endif
}
long value(struct thing *thing)
{
	return thing->value;
}
