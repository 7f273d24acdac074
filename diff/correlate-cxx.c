// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * C++ gives one lambda many functions: its body, what std::function keeps for it, its type's description. Their names all
 * carry its number. One that found its match by other evidence tells the number for all of them:
 *	_ZZ1fvENKUliE_clEi is _ZZ1fvENKUliE0_clEi, by content  ->  _ZTIZ1fvEUliE_ is _ZTIZ1fvEUliE0_
 */
#include "diff/model.h"

#include <string.h>

struct renumbering {
	struct arena *arena;
	struct strmap *forth,
		*back; // "what number" on one side -> number on the other; "?" when matches disagree
};

static void learn(struct renumbering *r, struct strmap *map, const char *what, const char *from,
		  const char *to)
{
	void **at = strmap_put(map, arena_printf(r->arena, "%s %s", what, from));

	if (!*at)
		*at = (void *)to;
	else if (strcmp(*at, to))
		*at = "?";
}

static void learn_from(struct renumbering *r, const char *old, const char *new_name)
{
	struct cxx_numbers left, right;

	if (!name_numbers_cxx(r->arena, old, &left) || !name_numbers_cxx(r->arena, new_name, &right) ||
	    left.count != right.count)
		return;
	for (size_t i = 0; i < left.count; i++) {
		if (strcmp(left.what[i], right.what[i]))
			continue;
		learn(r, r->forth, left.what[i], left.number[i], right.number[i]);
		learn(r, r->back, right.what[i], right.number[i], left.number[i]);
	}
}

static const char *translate(struct renumbering *r, const char *old)
{
	struct cxx_numbers numbers;
	const char *key = name_numbers_cxx(r->arena, old, &numbers);

	if (!key || !numbers.count)
		return NULL;
	for (size_t i = 0; i < numbers.count; i++) {
		const char *number = strmap_get(
			r->forth, arena_printf(r->arena, "%s %s", numbers.what[i], numbers.number[i]));
		const char *before =
			number ? strmap_get(r->back, arena_printf(r->arena, "%s %s", numbers.what[i], number))
			       : NULL;

		if (!before || strcmp(before, numbers.number[i]))
			return NULL;
		numbers.number[i] = number;
	}
	return name_from_key_cxx(r->arena, key, &numbers);
}

static bool is_cxx(const struct unit *unit)
{
	return (unit->kind == UNIT_FUNCTION || unit->kind == UNIT_DATUM) && !strncmp(unit->name, "_Z", 2);
}

struct unit_pair *renumbered_pairs(struct object *old, struct object *new_object, struct arena *arena,
				   size_t *count)
{
	struct renumbering r = {arena, strmap_new(), strmap_new()};
	struct strmap *open = strmap_new(); // new units without a match, by name
	struct unit_pair *pairs = NULL;

	*count = 0;
	for (size_t i = 0; i < new_object->unit_count; i++)
		if (!new_object->units[i].match && is_cxx(&new_object->units[i]))
			*strmap_put(open, new_object->units[i].name) = &new_object->units[i];
	for (size_t i = 0; strmap_count(open) && i < old->unit_count; i++)
		if (old->units[i].match && is_cxx(&old->units[i]))
			learn_from(&r, old->units[i].name, old->units[i].match->name);
	if (strmap_count(r.forth))
		pairs = arena_array(arena, strmap_count(open), sizeof(*pairs));
	for (size_t i = 0; pairs && i < old->unit_count; i++) {
		struct unit *unit = &old->units[i];
		const char *name = !unit->match && is_cxx(unit) ? translate(&r, unit->name) : NULL;
		void **found = name && strmap_get(open, name) ? strmap_put(open, name) : NULL;

		if (!found || ((struct unit *)*found)->kind != unit->kind)
			continue;
		pairs[(*count)++] = (struct unit_pair){unit, *found};
		*found = NULL;
	}
	strmap_free(r.forth);
	strmap_free(r.back);
	strmap_free(open);
	return pairs;
}
