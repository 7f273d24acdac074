// SPDX-License-Identifier: GPL-3.0-or-later
// A structure within a structure, anonymous and by typedef, through pointers.
// refused: data-layout
// says: lowest 4→8
#include "host.h"

typedef struct {
	int kind;
	union {
		struct {
#if VERSION == 2
			int flags;
#endif
			short lowest, highest;
		};
		char raw[16];
	} bounds;
} rule_t;
struct table {
	int count;
	rule_t *rules;
};

static struct table *table;

void served(int x)
{
	if (!table) {
		table = calloc(1, sizeof(*table));
		table->rules = calloc(10, sizeof(*table->rules));
	}
	table->rules[x].bounds.lowest += x;
	say("%d", table->rules[x].bounds.lowest);
}
