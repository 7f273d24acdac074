// SPDX-License-Identifier: GPL-3.0-or-later
// The structure grew at its end: who steps over an array of it is changed, who uses one field is not.
// expect: changed step
// expect[g]: refuse data-layout thing
#include "case.h"
struct thing {
	long first, second;
#ifdef NEW
	long added[6];
#endif
};
long second(struct thing *thing)
{
	return thing->second;
}
long step(struct thing *thing, unsigned long which)
{
	return thing[which].first;
}
