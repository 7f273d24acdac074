// SPDX-License-Identifier: GPL-3.0-or-later
// A constant table of pointers (.data.rel.ro): another function, another name, a new entry.
// replaces: served
#include "host.h"

struct command {
	const char *name;
	int (*run)(int);
};

OUT_OF_LINE static int add(int x)
{
	return x + 1;
}

OUT_OF_LINE static int mul(int x)
{
	return x * 3;
}

#if VERSION == 2
OUT_OF_LINE static int checked(int x)
{
	return x > 5 ? -1 : x * 3;
}
#endif

static const struct command commands[] = {
	{"add", add},
	{"mul",
#if VERSION == 2
	 checked},
	{"new", add},
#else
	 mul},
#endif
};

void served(int x)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		say("%s=%d ", commands[i].name, commands[i].run(x));
	say("%d", mul(x));
}
