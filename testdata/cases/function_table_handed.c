// SPDX-License-Identifier: GPL-3.0-or-later
// Functions of a constant table that has another entry are given the table itself: they may keep it.
// expect: changed data all; changed call
// expect[x86_64]: refuse data-changed all
#include "case.h"
struct operation {
	int (*run)(const struct operation *self, int count);
};
int one(const struct operation *self, int count), two(const struct operation *self, int count),
	three(const struct operation *self, int count);
#ifdef NEW
#define LAST three
#else
#define LAST one
#endif
static const struct operation all[] = {{one}, {two}, {LAST}};
int call(unsigned which)
{
	return all[which].run(all, 3);
}
