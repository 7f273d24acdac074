// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Pairs of units that are one thing by what the source says of them. A static local is known by its function, name and
 * type; where several have these in common, by what tells them apart on both sides alike, first to last:
 *
 *	the block it is in, word for word	whether the block moved or not; blocks that read the same must be the
 *						same ones on both sides, by their place in the function
 *	the same but for constants		lines moved, say
 *	its initial value
 *	there is one left on each side
 *
 * A clone is known by its function and by what was made of it: which parameters have which value.
 *
 * What link-time optimization numbers (count.lto_priv.1) is known by its name and the source it was compiled from.
 */
#include "diff/model.h"
#include "diff/notes.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

typedef VEC(const struct note_variable *) variable_list;

struct group { // what has function, name and type in common
	variable_list old, new_variables;
};

struct key_count { // who has one key in a group
	const struct note_variable *old, *new_variable;
	size_t old_count, new_count;
};

struct pairing {
	struct arena *arena;
	VEC(struct unit_pair) pairs;
	struct intmap *paired; // units by address
};

static bool is_paired(const struct pairing *pairing, const struct unit *unit)
{
	return intmap_get(pairing->paired, (uintptr_t)unit) != NULL;
}

static void pair(struct pairing *pairing, struct unit *old, struct unit *new_unit)
{
	if (is_paired(pairing, old) || is_paired(pairing, new_unit))
		return;
	*intmap_put(pairing->paired, (uintptr_t)old) = old;
	*intmap_put(pairing->paired, (uintptr_t)new_unit) = new_unit;
	*vec_push(&pairing->pairs) = (struct unit_pair){old, new_unit};
}

// ---- static locals -------------------------------------------------------------------------------

typedef const char *make_key(const struct pairing *pairing, const struct note_variable *variable);

static const char *scope_key(const struct pairing *pairing, const struct note_variable *variable)
{
	return arena_printf(pairing->arena, "%" PRIx64 " %d %" PRIx64, variable->scope, variable->initial,
			    variable->value);
}

static const char *scope_and_path_key(const struct pairing *pairing, const struct note_variable *variable)
{
	return arena_printf(pairing->arena, "%s %s", scope_key(pairing, variable), variable->path);
}

static const char *shape_key(const struct pairing *pairing, const struct note_variable *variable)
{
	return arena_printf(pairing->arena, "%" PRIx64 " %d %" PRIx64, variable->shape, variable->initial,
			    variable->value);
}

static const char *shape_and_path_key(const struct pairing *pairing, const struct note_variable *variable)
{
	return arena_printf(pairing->arena, "%s %s", shape_key(pairing, variable), variable->path);
}

static const char *initial_key(const struct pairing *pairing, const struct note_variable *variable)
{
	// of others than integers only the kind is known
	return variable->initial == NOTE_OTHER
		       ? NULL
		       : arena_printf(pairing->arena, "%d %" PRIx64, variable->initial, variable->value);
}

static const char *no_key(const struct pairing *pairing, const struct note_variable *variable)
{
	(void)pairing;
	(void)variable;
	return "";
}

static struct key_count *count_of(const struct pairing *pairing, struct strmap *counts, const char *key)
{
	void **at = strmap_put(counts, key);

	if (!*at)
		*at = arena_alloc(pairing->arena, sizeof(struct key_count));
	return *at;
}

static struct strmap *count_keys(const struct pairing *pairing, const struct group *group, make_key *key_of)
{
	struct strmap *counts = strmap_new();

	for (size_t i = 0; i < group->old.count; i++) {
		const char *key =
			is_paired(pairing, group->old.at[i]->unit) ? NULL : key_of(pairing, group->old.at[i]);
		struct key_count *count = key ? count_of(pairing, counts, key) : NULL;

		if (count) {
			count->old = group->old.at[i];
			count->old_count++;
		}
	}
	for (size_t i = 0; i < group->new_variables.count; i++) {
		const char *key = is_paired(pairing, group->new_variables.at[i]->unit)
					  ? NULL
					  : key_of(pairing, group->new_variables.at[i]);
		struct key_count *count = key ? count_of(pairing, counts, key) : NULL;

		if (count) {
			count->new_variable = group->new_variables.at[i];
			count->new_count++;
		}
	}
	return counts;
}

static void pair_by_key(struct pairing *pairing, const struct group *group, make_key *key_of)
{
	struct strmap *counts = count_keys(pairing, group, key_of);

	for (size_t i = 0; i < group->old.count; i++) {
		const char *key =
			is_paired(pairing, group->old.at[i]->unit) ? NULL : key_of(pairing, group->old.at[i]);
		const struct key_count *count = key ? strmap_get(counts, key) : NULL;

		if (count && count->old_count == 1 && count->new_count == 1)
			pair(pairing, count->old->unit, count->new_variable->unit);
	}
	strmap_free(counts);
}

/*
 * Blocks that read the same: each at its place, if both sides have as many of them and at the same places. Else one was
 * added or taken away, and nobody can tell which.
 */
static void pair_same_blocks(struct pairing *pairing, const struct group *group, make_key *key_of,
			     make_key *with_path)
{
	struct strmap *counts = count_keys(pairing, group, key_of);
	struct strmap *places = count_keys(pairing, group, with_path);
	struct strmap *broken = strmap_new();

	for (size_t i = 0; i < group->old.count; i++) {
		const struct note_variable *variable = group->old.at[i];
		const struct key_count *place;

		if (is_paired(pairing, variable->unit))
			continue;
		place = strmap_get(places, with_path(pairing, variable));
		if (!place || place->old_count != 1 || place->new_count != 1)
			*strmap_put(broken, key_of(pairing, variable)) = broken;
	}
	for (size_t i = 0; i < group->old.count; i++) {
		const struct note_variable *variable = group->old.at[i];
		const char *key = key_of(pairing, variable);
		const struct key_count *count, *place;

		if (is_paired(pairing, variable->unit) || strmap_get(broken, key))
			continue;
		count = strmap_get(counts, key);
		place = strmap_get(places, with_path(pairing, variable));
		if (count && place && count->old_count == count->new_count)
			pair(pairing, place->old->unit, place->new_variable->unit);
	}
	strmap_free(counts);
	strmap_free(places);
	strmap_free(broken);
}

static bool knows_scopes(const struct group *group)
{
	for (size_t i = 0; i < group->old.count; i++)
		if (!group->old.at[i]->has_scope)
			return false;
	for (size_t i = 0; i < group->new_variables.count; i++)
		if (!group->new_variables.at[i]->has_scope)
			return false;
	return true;
}

static void pair_group(struct pairing *pairing, const struct group *group, bool same_compiler)
{
	if (!group->old.count || !group->new_variables.count)
		return;
	if (same_compiler && knows_scopes(group)) { // hashes are of one compiler
		pair_by_key(pairing, group, scope_key);
		pair_same_blocks(pairing, group, scope_key, scope_and_path_key);
		pair_by_key(pairing, group, shape_key);
		pair_same_blocks(pairing, group, shape_key, shape_and_path_key);
	}
	pair_by_key(pairing, group, initial_key);
	pair_by_key(pairing, group, no_key);
}

/*
 * Function, name and type. In C++ a symbol says which function, also of several with one name; its number at the end
 * counts namesakes in that function (Itanium C++ ABI, 5.1.6 "Scope Encoding": _ZZ1fvE1n, _ZZ1fvE1n_0).
 */
static const char *group_key(const struct pairing *pairing, const struct notes *notes,
			     const struct note_variable *variable)
{
	size_t length = strlen(variable->symbol);

	// Of several files linked into one object each may have such a function.
	if (strncmp(variable->symbol, "_ZZ", 3))
		return arena_printf(pairing->arena, "%s\n%s\n%s\n%s", variable->name,
				    notes->functions[variable->function - 1].name, variable->type,
				    notes->build_count > 1 ? variable->file : "");
	while (length && strchr("0123456789_", variable->symbol[length - 1]))
		length--;
	return arena_printf(pairing->arena, "%.*s\n%s\n%s", (int)length, variable->symbol, variable->name,
			    variable->type);
}

static struct group *group_of(struct pairing *pairing, struct strmap *groups, const char *key)
{
	void **at = strmap_put(groups, key);

	if (!*at)
		*at = arena_alloc(pairing->arena, sizeof(struct group));
	return *at;
}

static bool is_static_local(const struct note_variable *variable)
{
	return variable->function && variable->unit && variable->unit->kind == UNIT_DATUM &&
	       !name_is_per_build(variable->symbol) && !name_is_content(variable->symbol);
}

static void pair_statics(struct pairing *pairing, const struct notes *old, const struct notes *new_notes,
			 bool same_compiler)
{
	struct strmap *groups = strmap_new();
	VEC(struct group *) all = {0};

	for (size_t i = 0; i < old->variable_count; i++)
		if (is_static_local(&old->variables[i])) {
			struct group *group =
				group_of(pairing, groups, group_key(pairing, old, &old->variables[i]));

			if (!group->old.count)
				*vec_push(&all) = group;
			*vec_push(&group->old) = &old->variables[i];
		}
	for (size_t i = 0; i < new_notes->variable_count; i++)
		if (is_static_local(&new_notes->variables[i])) {
			struct group *group =
				strmap_get(groups, group_key(pairing, new_notes, &new_notes->variables[i]));

			if (group)
				*vec_push(&group->new_variables) = &new_notes->variables[i];
		}
	for (size_t i = 0; i < all.count; i++) {
		pair_group(pairing, all.at[i], same_compiler);
		free(all.at[i]->old.at);
		free(all.at[i]->new_variables.at);
	}
	free(all.at);
	strmap_free(groups);
}

// ---- clones --------------------------------------------------------------------------------------

static const char *clone_key(const struct pairing *pairing, const struct notes *notes,
			     const struct note_function *function)
{
	const struct note_function *origin;

	if (!function->unit || !function->origin || !*function->clone || strchr(function->clone, '?'))
		return NULL;
	origin = &notes->functions[function->origin - 1];
	return arena_printf(pairing->arena, "%s\n%s\n%s", name_key(pairing->arena, function->symbol),
			    *origin->symbol ? origin->symbol : origin->name, function->clone);
}

struct candidates {
	struct unit *old, *new_unit;
	size_t old_count, new_count;
};

static void add_candidate(const struct pairing *pairing, struct strmap *all, const char *key,
			  struct unit *unit, bool is_new)
{
	struct candidates *candidates;
	void **at = strmap_put(all, key);

	if (!*at)
		*at = arena_alloc(pairing->arena, sizeof(*candidates));
	candidates = *at;
	if (is_new) {
		candidates->new_unit = unit;
		candidates->new_count++;
	} else {
		candidates->old = unit;
		candidates->old_count++;
	}
}

static void pair_lone(struct pairing *pairing, const struct strmap *all, const char *key)
{
	const struct candidates *candidates = key ? strmap_get(all, key) : NULL;

	if (candidates && candidates->old_count == 1 && candidates->new_count == 1)
		pair(pairing, candidates->old, candidates->new_unit);
}

static void pair_clones(struct pairing *pairing, const struct notes *old, const struct notes *new_notes)
{
	struct strmap *all = strmap_new();

	for (size_t side = 0; side < 2; side++) {
		const struct notes *notes = side ? new_notes : old;

		for (size_t i = 0; i < notes->function_count; i++) {
			const char *key = clone_key(pairing, notes, &notes->functions[i]);

			if (key)
				add_candidate(pairing, all, key, notes->functions[i].unit, side);
		}
	}
	for (size_t i = 0; i < old->function_count; i++)
		pair_lone(pairing, all, clone_key(pairing, old, &old->functions[i]));
	strmap_free(all);
}

// ---- link-time optimization ------------------------------------------------------------------------

static const char *variable_key(const struct pairing *pairing, const struct note_variable *variable)
{
	if (!variable->unit || variable->function || !strstr(variable->symbol, ".lto_priv."))
		return NULL;
	return arena_printf(pairing->arena, "%s\n%s\n%s\n%" PRIu64, variable->name, variable->file,
			    variable->type, variable->size);
}

static const char *function_key(const struct pairing *pairing, const struct note_function *function)
{
	if (!function->unit || function->origin || function->flags & NOTE_ALIAS ||
	    !strstr(function->symbol, ".lto_priv."))
		return NULL;
	return arena_printf(pairing->arena, "%s\n%s", function->name, function->file);
}

static void pair_private(struct pairing *pairing, const struct notes *old, const struct notes *new_notes)
{
	struct strmap *all = strmap_new();

	for (size_t side = 0; side < 2; side++) {
		const struct notes *notes = side ? new_notes : old;
		const char *key;

		for (size_t i = 0; i < notes->variable_count; i++)
			if ((key = variable_key(pairing, &notes->variables[i])))
				add_candidate(pairing, all, key, notes->variables[i].unit, side);
		for (size_t i = 0; i < notes->function_count; i++)
			if ((key = function_key(pairing, &notes->functions[i])))
				add_candidate(pairing, all, key, notes->functions[i].unit, side);
	}
	for (size_t i = 0; i < old->variable_count; i++)
		pair_lone(pairing, all, variable_key(pairing, &old->variables[i]));
	for (size_t i = 0; i < old->function_count; i++)
		pair_lone(pairing, all, function_key(pairing, &old->functions[i]));
	strmap_free(all);
}

// ---- both ----------------------------------------------------------------------------------------

// Hashes of bodies can be compared when one compiler made them.
static bool is_same_compiler(const struct notes *old, const struct notes *new_notes)
{
	const char *compiler = old->build_count ? old->builds[0].compiler : "";

	for (size_t i = 0; i < old->build_count; i++)
		if (strcmp(old->builds[i].compiler, compiler))
			return false;
	for (size_t i = 0; i < new_notes->build_count; i++)
		if (strcmp(new_notes->builds[i].compiler, compiler))
			return false;
	return true;
}

struct unit_pair *notes_pairs(struct object *old, struct object *new_object, struct arena *arena,
			      size_t *count)
{
	const struct notes *before = notes_of(old, NULL), *after = notes_of(new_object, NULL);
	struct pairing pairing = {.arena = arena};
	struct unit_pair *pairs;

	*count = 0;
	if (!before || !after)
		return NULL;
	pairing.paired = intmap_new();
	pair_statics(&pairing, before, after, is_same_compiler(before, after));
	pair_clones(&pairing, before, after);
	pair_private(&pairing, before, after);
	pairs = arena_array(arena, pairing.pairs.count + 1, sizeof(*pairs));
	if (pairing.pairs.count)
		memcpy(pairs, pairing.pairs.at, pairing.pairs.count * sizeof(*pairs));
	*count = pairing.pairs.count;
	free(pairing.pairs.at);
	intmap_free(pairing.paired);
	return pairs;
}
