// SPDX-License-Identifier: GPL-3.0-or-later
// A constant that another constant points to: who reads either reads the new one.
// replaces: look
#include "host.h"

struct range {
	int low, high;
};
struct rule {
	const char *name;
	const struct range *range;
};

static const struct range narrow = {1, VERSION == 2 ? 6 : 4}, wide = {0, 9};
static const struct rule rules[] = {{"narrow", &narrow}, {"wide", &wide}};

OUT_OF_LINE static int look(int rule, int x)
{
	return x >= rules[rule].range->low && x <= rules[rule].range->high;
}

void served(int x)
{
	say("%s %d %s %d", rules[0].name, look(0, x), rules[1].name, look(1, x));
}
