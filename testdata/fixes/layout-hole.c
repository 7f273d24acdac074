// SPDX-License-Identifier: GPL-3.0-or-later
// A new field in a hole moves nothing: live objects have zero there when they were zeroed.
// allow: data-layout:config
// carries: strict
// replaces: served
#include "host.h"

struct config {
	char flag;
#if VERSION == 2
	char strict;
#endif
	int count;
	long sum;
};
struct config settings;

void served(int x)
{
	settings.count += x;
#if VERSION == 2
	settings.strict = x == 5;
	say("%d ", settings.strict);
#endif
	say("%d %ld", settings.count, settings.sum++);
}
