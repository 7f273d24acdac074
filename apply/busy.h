/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which threads run, or will return into, code that is about to lose its role. */
#ifndef APPLY_BUSY_H
#define APPLY_BUSY_H

#include "apply/session.h"
#include "apply/stop.h"
#include "apply/unwind.h"

/* Code that must be on no stack, and the name of the function it belongs to. */
struct busy_range {
	struct address_range range;
	const char *name;
};

struct busy {
	struct unwinder *unwinder;
	struct busy_range *named;     /* sorted */
	struct address_range *ranges; /* the same, merged where they overlap; names by address */
	size_t count, named_count;
	struct unwind_walk *walk;
};

/* Takes over RANGES (malloc'ed); warms the unwinder up. */
struct busy *busy_new(struct session *session, struct busy_range *ranges, size_t count);
void busy_free(struct busy *busy);

enum busy_answer { BUSY_FREE, BUSY_USED, BUSY_MAPS_CHANGED };
/* All threads are stopped. *why: text in the session's result arena, when BUSY_USED and WHY is not NULL. */
enum busy_answer busy_check(struct busy *busy, struct session *session, const struct stop *stop,
			    const char **why);

/* Could any stopped thread run or return into one of RANGES (sorted)? By its stack words alone. */
bool busy_may_use(struct busy *busy, const struct stop *stop, const struct address_range *ranges,
		  size_t count);

#endif
