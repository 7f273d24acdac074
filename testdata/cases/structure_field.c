// SPDX-License-Identifier: GPL-3.0-or-later
// A field was put in front of another: who uses the second is changed, who uses the first is not.
// expect: changed second
// expect[g]: refuse data-layout thing
#include "case.h"
struct thing {
	long first;
#ifdef NEW
	long added;
#endif
	long second;
};
long first(struct thing *thing)
{
	return thing->first;
}
long second(struct thing *thing)
{
	return thing->second;
}
