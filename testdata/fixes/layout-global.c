// SPDX-License-Identifier: GPL-3.0-or-later
// A global structure whose fields move though its size stays: refused, with field, offsets and the live object.
// refused: data-layout
// says: struct config.*count 4→8.*settings
#include "host.h"

struct config {
	char flag;
#if VERSION == 2
	int limit;
#endif
	int count;
	long sum;
};
struct config settings;

void served(int x)
{
	settings.count += x;
	say("%d %ld", settings.count, settings.sum++);
}
