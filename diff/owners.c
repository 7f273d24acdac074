// SPDX-License-Identifier: GPL-3.0-or-later
// Who refers to a unit, and whether an old and a new one are used by the same functions.
#include "diff/model.h"

#include <stdlib.h>
#include <string.h>

struct referrers {
	size_t *start; // per unit, into FROM; one more at the end
	struct unit **from;
};

struct referrers *referrers_new(const struct object *object)
{
	struct referrers *referrers = xalloc(sizeof(*referrers));
	size_t count = object->unit_count, total = 0;

	referrers->start = xalloc((count + 2) * sizeof(size_t));
	memset(referrers->start, 0, (count + 2) * sizeof(size_t));
	for (int fill = 0; fill < 2; fill++) {
		for (size_t i = 0; i < count; i++) {
			struct unit *unit = &object->units[i], *last = NULL;

			for (size_t k = 0; k < unit->reloc_count; k++) {
				struct unit *target = unit->relocs[k].target;

				if (!target || target == last)
					continue;
				last = target;
				if (fill)
					referrers->from[referrers->start[unit_index(target) + 1]++] = unit;
				else
					referrers->start[unit_index(target) + 2]++;
			}
		}
		if (fill)
			break;
		for (size_t i = 2; i < count + 2;
		     i++) // start[i + 1] is now where unit i's list begins; filling moves it on
			total = referrers->start[i] += total;
		referrers->from = xalloc(total * sizeof(struct unit *));
	}
	return referrers;
}

void referrers_free(struct referrers *referrers)
{
	if (!referrers)
		return;
	free(referrers->start);
	free(referrers->from);
	free(referrers);
}

struct unit *const *referrers_of(const struct referrers *referrers, const struct unit *unit, size_t *count)
{
	size_t i = unit_index(unit);

	*count = referrers->start[i + 1] - referrers->start[i];
	return referrers->from + referrers->start[i];
}

#define OWNERS_MAX 4096

typedef VEC(struct unit *) unit_list;

/*
 * Matched functions that use a static, directly or through functions without a match: a static function that is
 * gone on one side was inlined into its callers there, and its statics with it. False when they are not all known.
 */
static bool collect_owners(const struct referrers *referrers, struct unit *unit, unit_list *owners)
{
	struct intmap *seen = intmap_new();
	unit_list queue = {0};
	bool complete;

	*vec_push(&queue) = unit;
	for (size_t i = 0; i < queue.count && owners->count < OWNERS_MAX && queue.count < OWNERS_MAX; i++) {
		size_t count;
		struct unit *const *from = referrers_of(referrers, queue.at[i], &count);

		for (size_t k = 0; k < count; k++) {
			if (from[k]->kind != UNIT_FUNCTION || intmap_get(seen, unit_index(from[k]) + 1))
				continue;
			*intmap_put(seen, unit_index(from[k]) + 1) = from[k];
			if (from[k]->match)
				*vec_push(owners) = from[k];
			else
				*vec_push(&queue) = from[k];
		}
	}
	complete = owners->count < OWNERS_MAX && queue.count < OWNERS_MAX;
	free(queue.at);
	intmap_free(seen);
	return complete;
}

bool units_share_owner(const struct referrers *old_referrers, struct unit *old,
		       const struct referrers *new_referrers, struct unit *new_unit)
{
	struct intmap *counterparts = intmap_new();
	unit_list old_owners = {0}, new_owners = {0};
	bool found = false;

	collect_owners(old_referrers, old, &old_owners);
	collect_owners(new_referrers, new_unit, &new_owners);
	for (size_t i = 0; i < old_owners.count; i++)
		*intmap_put(counterparts, unit_index(old_owners.at[i]->match) + 1) = old_owners.at[i];
	for (size_t i = 0; i < new_owners.count && !found; i++)
		found = intmap_get(counterparts, unit_index(new_owners.at[i]) + 1) != NULL;
	free(old_owners.at);
	free(new_owners.at);
	intmap_free(counterparts);
	return found;
}

bool unit_has_owner(const struct referrers *referrers, struct unit *unit)
{
	unit_list owners = {0};
	bool known = collect_owners(referrers, unit, &owners) && owners.count;

	free(owners.at);
	return known;
}
