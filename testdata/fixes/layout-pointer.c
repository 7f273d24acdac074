// SPDX-License-Identifier: GPL-3.0-or-later
// A pointer stays where it was and points to another structure: live objects point to the old one.
// refused: data-layout
// says: next at 8, struct one\* → struct two\*
#include "host.h"

struct one {
	int value;
};
struct two {
	int unused, value;
};

static struct holder {
	int count;
#if VERSION == 2
	struct two *next;
#else
	struct one *next;
#endif
} holders[2];

void served(int x)
{
	struct holder *holder = &holders[x & 1];

	say("%d %d", holder->count++, holder->next ? holder->next->value : -1);
}
