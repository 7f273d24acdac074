// SPDX-License-Identifier: GPL-3.0-or-later
// Changed strings: a literal, an array, one of several in a table.
// replaces: served
#include "host.h"

#if VERSION == 2
#define GREEN "Green"
static const char greeting[] = "hello, world";
#else
#define GREEN "green"
static const char greeting[] = "hello";
#endif
static const char words[][8] = {"red", GREEN, "blue"};

void served(int x)
{
	say("%s %s %s", greeting, words[x % 3], VERSION == 2 ? "new literal" : "old literal");
}
