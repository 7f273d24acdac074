// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Decides which old and which new unit are the same one. The passes, in order:
 *
 *	notes		what the GCC plugin says on both sides (notes-identity.c): static locals and clones
 *	exact names	a name that one unit on each side has, and that carries no number of the compiler
 *	lone clones	f.constprop.0 and f.constprop.1, when f has one such clone on each side
 *	use		what two matched units with the same instructions refer to at the same place
 *	lone use	`count.1` and `count.3`, when two matched functions refer to one `count.N` each
 *	content		functions that are alike in bytes, and to no other
 *	renumbered	functions and data of one C++ lambda, when one of them has its match (correlate-cxx.c)
 *	debug		statics that debug information gives one function, name and type, and no other
 *	owners		`count.1` and `count.3`, when they are the only ones and some owner is the same
 *
 * "Use" and "lone use" run until nothing new comes out. What is left stays without a match: ambiguous things are
 * never guessed. Numbers are never looked at: `n.0` of the old build can be `n.1` of the new one.
 */
#include "diff/debug.h"
#include "diff/model.h"
#include "diff/notes.h"

#include <stdlib.h>
#include <string.h>

// What was said about a unit that has no match yet.
struct vote {
	struct unit *other;
	bool conflict;
};

struct candidates {                  // units of one name or key
	struct unit *old, *new_unit; // the last ones seen
	size_t old_count, new_count;
};

typedef VEC(struct unit *) unit_list;

struct correlation {
	struct object *old, *new_object;
	struct arena *arena;
	const char **old_keys, **new_keys; // name_key() per unit
	struct strmap *firsts;             // names that count as numbered; see join_firsts()
	struct vote *old_votes, *new_votes;
	unit_list fresh;   // matched old units whose references were not looked at yet
	unit_list touched; // old units with votes of this round
	unit_list loose;   // matched old functions with other instructions than their match
	struct referrers *old_referrers, *new_referrers; // made when needed
};

bool unit_is_content(const struct unit *unit)
{
	if (unit->kind == UNIT_LITERAL)
		return true;
	if (unit->kind == UNIT_FUNCTION || unit->kind == UNIT_ENTRY || unit_is_writable(unit))
		return false;
	return unit->kind == UNIT_ANONYMOUS || name_is_content(unit->name);
}

// A call of a local function is PC-relative, one of a global function may go through a stub: R_X86_64_PC32 and PLT32,
// R_390_PC32DBL and PLT32DBL. What is called is defined in the object and the same, then so is the call.
bool relocs_same_type(const struct reloc *old, const struct reloc *new_reloc)
{
	const struct reloc_info *left = old->info, *right = new_reloc->info;

	if (left == right)
		return true;
	return old->target && new_reloc->target && left->size == right->size && left->mask == right->mask &&
	       ((left->kind == RELOC_CALL && right->kind == RELOC_RELATIVE) ||
		(left->kind == RELOC_RELATIVE && right->kind == RELOC_CALL));
}

bool relocs_align(const struct unit *old, const struct unit *new_unit)
{
	if (old->reloc_count != new_unit->reloc_count)
		return false;
	for (size_t i = 0; i < old->reloc_count; i++)
		if (!relocs_same_type(&old->relocs[i], &new_unit->relocs[i]) ||
		    old->relocs[i].offset - old->offset != new_unit->relocs[i].offset - new_unit->offset)
			return false;
	return true;
}

static const char *old_key(const struct correlation *c, const struct unit *unit)
{
	return c->old_keys[unit_index(unit)];
}

static const char *new_key(const struct correlation *c, const struct unit *unit)
{
	return c->new_keys[unit_index(unit)];
}

static bool is_numbered(const struct unit *unit, const char *key)
{
	return key != unit->name;
}

static bool same_sort(const struct unit *old, const struct unit *new_unit)
{
	return old->kind == new_unit->kind &&
	       (old->section->flags & SECTION_TLS) == (new_unit->section->flags & SECTION_TLS);
}

static void match(struct correlation *c, struct unit *old, struct unit *new_unit, const char *evidence)
{
	old->match = new_unit;
	new_unit->match = old;
	old->evidence = new_unit->evidence = evidence;
	*vec_push(&c->fresh) = old;
}

// ---- notes ---------------------------------------------------------------------------------------

static void match_by_notes(struct correlation *c)
{
	size_t count;
	struct unit_pair *pairs = notes_pairs(c->old, c->new_object, c->arena, &count);

	for (size_t i = 0; i < count; i++)
		if (!pairs[i].old->match && !pairs[i].new_unit->match &&
		    same_sort(pairs[i].old, pairs[i].new_unit))
			match(c, pairs[i].old, pairs[i].new_unit, "plugin");
}

static bool is_by_notes(const struct unit *unit)
{
	return unit && unit->evidence && !strcmp(unit->evidence, "plugin");
}

/*
 * Code that is the same byte for byte refers to the same things in the same order: notes that say otherwise are not this
 * object's.
 */
static bool notes_contradict_code(const struct correlation *c)
{
	for (size_t i = 0; i < c->old->unit_count; i++) {
		const struct unit *old = &c->old->units[i], *new_unit = old->match;

		if (!new_unit || old->kind != UNIT_FUNCTION || old->size != new_unit->size ||
		    !relocs_align(old, new_unit) || !masked_bytes_equal(old, new_unit))
			continue;
		for (size_t k = 0; k < old->reloc_count; k++) {
			const struct unit *left = old->relocs[k].target, *right = new_unit->relocs[k].target;

			if (left && right && left->match != right &&
			    (is_by_notes(left) || is_by_notes(right)))
				return true;
		}
	}
	return false;
}

static void forget_matches(struct object *object)
{
	for (size_t i = 0; i < object->unit_count; i++) {
		object->units[i].match = NULL;
		object->units[i].evidence = NULL;
	}
}

static const char **make_keys(const struct correlation *c, const struct object *object)
{
	const char **keys = arena_array(c->arena, object->unit_count, sizeof(*keys));

	for (size_t i = 0; i < object->unit_count; i++)
		keys[i] = name_key(c->arena, object->units[i].name);
	return keys;
}

// The names of those whose key is FIRST.#
static void note_numbered(struct correlation *c, const struct object *object, const char **keys)
{
	for (size_t i = 0; i < object->unit_count; i++) {
		const struct unit *unit = &object->units[i];
		size_t length = strlen(keys[i]);

		if (unit->kind == UNIT_DATUM && keys[i] != unit->name && length > 2 &&
		    !strcmp(keys[i] + length - 2, ".#"))
			*strmap_put(c->firsts, arena_printf(c->arena, "%.*s", (int)length - 2, keys[i])) =
				c->firsts;
	}
}

static bool is_first(const struct correlation *c, const char *name)
{
	return name_may_be_first(name) && strmap_get(c->firsts, name);
}

static void number_firsts(const struct correlation *c, const struct object *object, const char **keys)
{
	for (size_t i = 0; i < object->unit_count; i++)
		if (object->units[i].kind == UNIT_DATUM && is_first(c, object->units[i].name))
			keys[i] = arena_printf(c->arena, "%s.#", object->units[i].name);
}

/*
 * Clang gives the first static of a function no number, and the next of that name one: f.count, f.count.1. Which one is the first changes with the source as the numbers do, so where either side has a numbered one, none has an exact name.
 */
static void join_firsts(struct correlation *c)
{
	c->firsts = strmap_new();
	note_numbered(c, c->old, c->old_keys);
	note_numbered(c, c->new_object, c->new_keys);
	number_firsts(c, c->old, c->old_keys);
	number_firsts(c, c->new_object, c->new_keys);
}

// ---- exact names ---------------------------------------------------------------------------------

static struct candidates *candidates_of(struct correlation *c, struct strmap *map, const char *name)
{
	void **at = strmap_put(map, name);

	if (!*at)
		*at = arena_alloc(c->arena, sizeof(struct candidates));
	return *at;
}

static void note_old(struct candidates *found, struct unit *unit)
{
	if (found->old == unit && found->old_count)
		return;
	found->old = unit;
	found->old_count++;
}

static void note_new(struct candidates *found, struct unit *unit)
{
	if (found->new_unit == unit && found->new_count)
		return;
	found->new_unit = unit;
	found->new_count++;
}

static bool is_lone(const struct candidates *found)
{
	return found->old_count == 1 && found->new_count == 1 && !found->old->match &&
	       !found->new_unit->match && same_sort(found->old, found->new_unit);
}

// After `ld -r` several files' locals share a name: the file tells them apart.
static const char *full_name(const struct correlation *c, const struct symbol *symbol, bool with_file)
{
	if (!with_file || symbol->binding != BINDING_LOCAL || !symbol->source_file)
		return symbol->name;
	return arena_printf(c->arena, "%s\n%s", symbol->name, symbol->source_file);
}

static bool has_exact_name(const struct correlation *c, const struct symbol *symbol)
{
	return !name_is_per_build(symbol->name) && !name_is_content(symbol->name) &&
	       name_key(c->arena, symbol->name) == symbol->name && !is_first(c, symbol->name);
}

/* ALIASES: every name of a unit; else its preferred one only, so that a unit is found under its main name first. */
static void match_exact_names(struct correlation *c, bool aliases, bool with_file)
{
	struct strmap *names = strmap_new();

	for (size_t i = 0; i < c->old->unit_count; i++)
		for (size_t k = 0;
		     k < (aliases ? c->old->units[i].symbol_count : c->old->units[i].symbol_count > 0); k++)
			note_old(
				candidates_of(c, names, full_name(c, c->old->units[i].symbols[k], with_file)),
				&c->old->units[i]);
	for (size_t i = 0; i < c->new_object->unit_count; i++) {
		struct unit *unit = &c->new_object->units[i];

		for (size_t k = 0; k < (aliases ? unit->symbol_count : unit->symbol_count > 0); k++)
			note_new(candidates_of(c, names, full_name(c, unit->symbols[k], with_file)), unit);
	}
	for (size_t i = 0; i < c->old->unit_count; i++) {
		struct unit *unit = &c->old->units[i];

		for (size_t k = 0;
		     !unit->match && k < (aliases ? unit->symbol_count : unit->symbol_count > 0); k++) {
			const struct candidates *found =
				strmap_get(names, full_name(c, unit->symbols[k], with_file));

			if (is_lone(found) && has_exact_name(c, unit->symbols[k]))
				match(c, unit, found->new_unit, "name");
		}
	}
	strmap_free(names);
}

// ---- by key: lone clones, lone statics -----------------------------------------------------------

static bool key_counts(const struct unit *unit, const char *key, enum unit_kind kind)
{
	return unit->kind == kind && is_numbered(unit, key) && !unit->match && !unit_is_content(unit);
}

static void match_by_key(struct correlation *c, enum unit_kind kind, const char *evidence,
			 bool (*confirm)(struct correlation *, struct unit *, struct unit *))
{
	struct strmap *keys = strmap_new();

	for (size_t i = 0; i < c->old->unit_count; i++)
		if (key_counts(&c->old->units[i], c->old_keys[i], kind))
			note_old(candidates_of(c, keys, c->old_keys[i]), &c->old->units[i]);
	for (size_t i = 0; i < c->new_object->unit_count; i++)
		if (key_counts(&c->new_object->units[i], c->new_keys[i], kind))
			note_new(candidates_of(c, keys, c->new_keys[i]), &c->new_object->units[i]);
	for (size_t i = 0; i < c->old->unit_count; i++) {
		const struct candidates *found;

		if (!key_counts(&c->old->units[i], c->old_keys[i], kind))
			continue;
		found = strmap_get(keys, c->old_keys[i]);
		if (is_lone(found) && (!confirm || confirm(c, found->old, found->new_unit)))
			match(c, found->old, found->new_unit, evidence);
	}
	strmap_free(keys);
}

// ---- use -----------------------------------------------------------------------------------------

static bool may_match(const struct correlation *c, const struct unit *old, const struct unit *new_unit)
{
	return old && new_unit && !old->match && !new_unit->match && same_sort(old, new_unit) &&
	       old->kind != UNIT_LITERAL && old->kind != UNIT_ENTRY &&
	       (old_key(c, old) == new_key(c, new_unit) || !strcmp(old_key(c, old), new_key(c, new_unit)));
}

static void vote(struct correlation *c, struct unit *old, struct unit *new_unit)
{
	struct vote *left = &c->old_votes[unit_index(old)], *right = &c->new_votes[unit_index(new_unit)];

	if (!left->other)
		*vec_push(&c->touched) = old;
	left->conflict |= left->other && left->other != new_unit;
	right->conflict |= right->other && right->other != old;
	left->other = new_unit;
	right->other = old;
}

static void vote_by_relocs(struct correlation *c, const struct unit *old, const struct unit *new_unit)
{
	for (size_t i = 0; i < old->reloc_count; i++)
		if (may_match(c, old->relocs[i].target, new_unit->relocs[i].target) &&
		    old->relocs[i].target_offset == new_unit->relocs[i].target_offset)
			vote(c, old->relocs[i].target, new_unit->relocs[i].target);
}

static const struct unit *next_table_entry(const struct unit *unit, size_t *i)
{
	for (; *i < unit->part_count; (*i)++)
		if (unit->parts[*i]->kind == UNIT_ENTRY && unit->parts[*i]->section->special)
			return unit->parts[(*i)++];
	return NULL;
}

/*
 * The entries of the kernel's tables that belong to functions with the same instructions. Some state is referred to
 * from there alone: the descriptor of a pr_debug() that shares its call with another, through __jump_table.
 */
static void vote_by_entries(struct correlation *c, const struct unit *old, const struct unit *new_unit)
{
	size_t i = 0, k = 0;

	for (;;) {
		const struct unit *left = next_table_entry(old, &i), *right = next_table_entry(new_unit, &k);

		if (!left || !right || strcmp(left->section->name, right->section->name) ||
		    left->size != right->size || !relocs_align(left, right))
			return;
		vote_by_relocs(c, left, right);
	}
}

/*
 * A function of which numbers alone differ, as __LINE__: it refers to the state of one build (__already_done.7, twice) in the
 * same order still. Were it not so, no more would be lost than a warning's being the first.
 */
static void vote_by_build_state(struct correlation *c, const struct unit *old, const struct unit *new_unit)
{
	for (size_t i = 0; i < old->reloc_count; i++) {
		struct unit *left = old->relocs[i].target, *right = new_unit->relocs[i].target;

		if (may_match(c, left, right) && name_is_per_build(left->name) &&
		    old->relocs[i].target_offset == new_unit->relocs[i].target_offset)
			vote(c, left, right);
	}
}

static void vote_by_use(struct correlation *c, struct unit *old)
{
	struct unit *new_unit = old->match;
	bool alike = old->size == new_unit->size && relocs_align(old, new_unit);

	// Other instructions may refer to the same things in another order, and still be as long.
	if (!alike || !masked_bytes_equal(old, new_unit)) {
		if (old->kind == UNIT_FUNCTION)
			*vec_push(&c->loose) = old;
		if (alike && old->kind == UNIT_FUNCTION)
			vote_by_build_state(c, old, new_unit);
		return;
	}
	vote_by_relocs(c, old, new_unit);
	if (old->kind == UNIT_FUNCTION)
		vote_by_entries(c, old, new_unit);
}

// Votes that all agree become matches; the others are kept, so that a later voice cannot make them look certain.
static bool count_votes(struct correlation *c, const char *evidence)
{
	unit_list touched = c->touched;
	bool any = false;

	c->touched = (unit_list){0};
	for (size_t i = 0; i < touched.count; i++) {
		struct unit *old = touched.at[i], *new_unit = c->old_votes[unit_index(old)].other;

		if (c->old_votes[unit_index(old)].conflict || c->new_votes[unit_index(new_unit)].conflict ||
		    !may_match(c, old, new_unit))
			continue;
		match(c, old, new_unit, evidence);
		any = true;
	}
	free(touched.at);
	return any;
}

// A clone's parts go with it: f.constprop.0.cold with f.constprop.0.
static void match_parts(struct correlation *c, const struct unit *old)
{
	const struct unit *new_unit = old->match;
	struct unit *old_part = NULL, *new_part = NULL;
	size_t old_count = 0, new_count = 0;

	for (size_t i = 0; i < old->part_count; i++)
		if (old->parts[i]->kind == UNIT_FUNCTION) {
			old_part = old->parts[i];
			old_count++;
		}
	for (size_t i = 0; i < new_unit->part_count; i++)
		if (new_unit->parts[i]->kind == UNIT_FUNCTION) {
			new_part = new_unit->parts[i];
			new_count++;
		}
	if (old_count == 1 && new_count == 1 && !old_part->match && !new_part->match)
		match(c, old_part, new_part, "owner");
}

static void match_by_use(struct correlation *c)
{
	do {
		unit_list fresh = c->fresh;

		c->fresh = (unit_list){0};
		for (size_t i = 0; i < fresh.count; i++) {
			match_parts(c, fresh.at[i]);
			vote_by_use(c, fresh.at[i]);
		}
		free(fresh.at);
		count_votes(c, "use");
	} while (c->fresh.count);
}

// ---- lone use ------------------------------------------------------------------------------------

static void note_references(struct correlation *c, struct strmap *found, const struct unit *unit, bool old)
{
	for (size_t i = 0; i < unit->reloc_count; i++) {
		struct unit *target = unit->relocs[i].target;
		const char *key;

		if (!target || target->match || unit_is_content(target) || target->kind == UNIT_ENTRY)
			continue;
		key = old ? old_key(c, target) : new_key(c, target);
		// GCC's initial values of arrays on the stack have no name at all, only their section's.
		if (!is_numbered(target, key) && target->kind != UNIT_ANONYMOUS)
			continue;
		if (old)
			note_old(candidates_of(c, found, key), target);
		else
			note_new(candidates_of(c, found, key), target);
	}
}

/* A function that changed: instructions no longer line up, but one `count.N` on each side can only be the same. */
static bool vote_by_lone_use(struct correlation *c)
{
	for (size_t i = 0; i < c->loose.count; i++) {
		const struct unit *old = c->loose.at[i];
		struct strmap *found = strmap_new();

		note_references(c, found, old, true);
		if (strmap_count(found))
			note_references(c, found, old->match, false);
		for (size_t k = 0; strmap_count(found) && k < old->reloc_count; k++) {
			struct unit *target = old->relocs[k].target;
			const struct candidates *pair;

			if (!target || target->match || unit_is_content(target) || target->kind == UNIT_ENTRY)
				continue;
			pair = strmap_get(found, old_key(c, target));
			if (pair && is_lone(pair))
				vote(c, pair->old, pair->new_unit);
		}
		strmap_free(found);
	}
	return count_votes(c, "owner");
}

// ---- content -------------------------------------------------------------------------------------

// What a matched target is called on both sides: its place among the old units.
static uint64_t hash_target(const struct correlation *c, const struct reloc *reloc, uint64_t hash)
{
	const struct unit *target = reloc->target;
	uint64_t index;

	if (!target || !target->match || unit_is_content(target))
		return hash;
	index = unit_index(target->object == c->old ? target : target->match);
	hash = hash_bytes(&index, sizeof(index), hash);
	return hash_bytes(&reloc->target_offset, sizeof(reloc->target_offset), hash);
}

static uint64_t hash_masked(const struct correlation *c, const struct unit *unit, bool targets)
{
	uint64_t hash = unit->size, at = 0;

	if (!unit->section->data)
		return hash;
	for (size_t i = 0; i <= unit->reloc_count; i++) {
		uint64_t end = i < unit->reloc_count ? unit->relocs[i].offset - unit->offset : unit->size;

		if (end > at)
			hash = hash_bytes(unit->section->data + unit->offset + at, end - at, hash);
		if (i == unit->reloc_count)
			break;
		hash = hash_bytes(unit->relocs[i].info->name, strlen(unit->relocs[i].info->name), hash);
		hash = hash_bytes(&end, sizeof(end), hash);
		if (unit->relocs[i].symbol->section == NULL)
			hash = hash_bytes(unit->relocs[i].symbol->name, strlen(unit->relocs[i].symbol->name),
					  hash);
		if (targets)
			hash = hash_target(c, &unit->relocs[i], hash);
		if (end + unit->relocs[i].info->size > at)
			at = end + unit->relocs[i].info->size;
	}
	return hash;
}

static const char *content_key(struct correlation *c, const struct unit *unit, bool targets)
{
	return arena_printf(c->arena, "%s\n%llx",
			    unit->object == c->old ? old_key(c, unit) : new_key(c, unit),
			    (unsigned long long)hash_masked(c, unit, targets));
}

static bool content_counts(const struct unit *unit, const char *key)
{
	return unit->kind == UNIT_FUNCTION && !unit->match && unit->size && is_numbered(unit, key);
}

/*
 * Functions only: equal bytes say nothing about which of two variables is meant. TARGETS: of those alike in bytes, what they
 * refer to counts as far as it is matched:
 *	f(long)::{lambda#1}::_FUN(long): jmp f(long)::{lambda#1}::operator()(long)
 */
static void match_by_content(struct correlation *c, bool targets)
{
	struct strmap *found = strmap_new();

	for (size_t i = 0; i < c->old->unit_count; i++)
		if (content_counts(&c->old->units[i], c->old_keys[i]))
			note_old(candidates_of(c, found, content_key(c, &c->old->units[i], targets)),
				 &c->old->units[i]);
	for (size_t i = 0; strmap_count(found) && i < c->new_object->unit_count; i++)
		if (content_counts(&c->new_object->units[i], c->new_keys[i]))
			note_new(candidates_of(c, found, content_key(c, &c->new_object->units[i], targets)),
				 &c->new_object->units[i]);
	for (size_t i = 0; strmap_count(found) && i < c->old->unit_count; i++) {
		struct unit *unit = &c->old->units[i];
		const struct candidates *pair;

		if (!content_counts(unit, c->old_keys[i]))
			continue;
		pair = strmap_get(found, content_key(c, unit, targets));
		if (pair && is_lone(pair) && pair->old->size == pair->new_unit->size &&
		    relocs_align(pair->old, pair->new_unit) && masked_bytes_equal(pair->old, pair->new_unit))
			match(c, pair->old, pair->new_unit, "content");
	}
	strmap_free(found);
}

// ---- debug information --------------------------------------------------------------------------

static bool waits_for_match(const struct unit *unit, const char *key)
{
	return unit->kind == UNIT_DATUM && is_numbered(unit, key) && !unit->match && !unit_is_content(unit) &&
	       !name_is_per_build(unit->name);
}

static const char *debug_key(const struct correlation *c, const struct unit *unit)
{
	unsigned line;
	const char *text = debug_static(unit->object, unit->section, unit->offset, &line);

	return text ? arena_printf(c->arena, "%s\n%llu", text, (unsigned long long)unit->size) : NULL;
}

static bool any_waits(const struct object *object, const char **keys)
{
	for (size_t i = 0; i < object->unit_count; i++)
		if (waits_for_match(&object->units[i], keys[i]))
			return true;
	return false;
}

/* All statics count, also those that have a match, so that the last two of a name are not taken for each other. */
static void match_by_debug(struct correlation *c)
{
	struct strmap *keys;

	if (!any_waits(c->old, c->old_keys) || !any_waits(c->new_object, c->new_keys))
		return;
	keys = strmap_new();
	for (size_t i = 0; i < c->old->unit_count; i++) {
		const char *key =
			c->old->units[i].kind == UNIT_DATUM ? debug_key(c, &c->old->units[i]) : NULL;

		if (key)
			note_old(candidates_of(c, keys, key), &c->old->units[i]);
	}
	for (size_t i = 0; strmap_count(keys) && i < c->new_object->unit_count; i++) {
		struct unit *unit = &c->new_object->units[i];
		const char *key = unit->kind == UNIT_DATUM ? debug_key(c, unit) : NULL;

		if (key)
			note_new(candidates_of(c, keys, key), unit);
	}
	for (size_t i = 0; strmap_count(keys) && i < c->old->unit_count; i++) {
		struct unit *unit = &c->old->units[i];
		const struct candidates *found;
		const char *key;

		if (!waits_for_match(unit, c->old_keys[i]))
			continue;
		key = debug_key(c, unit);
		found = key ? strmap_get(keys, key) : NULL;
		if (found && is_lone(found))
			match(c, unit, found->new_unit, "debug");
	}
	strmap_free(keys);
}

/*
 * Constants of one name in functions that changed (`static const char __msg[] = "..."` of the kernel's NL_SET_ERR_MSG), left
 * over from all that: they have no state, so those with the same contents are the same, one after the other.
 */
static bool constant_counts(const struct unit *unit, const char *key)
{
	return unit->kind == UNIT_DATUM && !unit->match && !unit->reloc_count && is_numbered(unit, key) &&
	       !unit_is_content(unit) && !unit_is_writable(unit) && unit->section->data &&
	       !(unit->section->flags & (SECTION_TLS | SECTION_RELRO));
}

struct alike { // old constants of one name and contents, in order
	unit_list units;
	size_t taken;
};

static const char *constant_key(struct correlation *c, const struct unit *unit, const char *key)
{
	return arena_printf(c->arena, "%s\n%llx", key, (unsigned long long)hash_masked(c, unit, false));
}

static void match_constants(struct correlation *c)
{
	struct strmap *found = strmap_new();
	VEC(struct alike *) all = {0};

	for (size_t i = 0; i < c->old->unit_count; i++) {
		struct unit *unit = &c->old->units[i];
		void **at;

		if (!constant_counts(unit, c->old_keys[i]))
			continue;
		at = strmap_put(found, constant_key(c, unit, c->old_keys[i]));
		if (!*at)
			*vec_push(&all) = *at = arena_alloc(c->arena, sizeof(struct alike));
		*vec_push(&((struct alike *)*at)->units) = unit;
	}
	for (size_t i = 0; all.count && i < c->new_object->unit_count; i++) {
		struct unit *unit = &c->new_object->units[i];
		struct alike *alike;

		if (!constant_counts(unit, c->new_keys[i]))
			continue;
		alike = strmap_get(found, constant_key(c, unit, c->new_keys[i]));
		if (!alike || alike->taken == alike->units.count)
			continue;
		if (alike->units.at[alike->taken]->size == unit->size &&
		    masked_bytes_equal(alike->units.at[alike->taken], unit))
			match(c, alike->units.at[alike->taken++], unit, "content");
	}
	for (size_t i = 0; i < all.count; i++)
		free(all.at[i]->units.at);
	free(all.at);
	strmap_free(found);
}

static void match_renumbered(struct correlation *c)
{
	size_t count;
	struct unit_pair *pairs = renumbered_pairs(c->old, c->new_object, c->arena, &count);

	for (size_t i = 0; i < count; i++)
		if (same_sort(pairs[i].old, pairs[i].new_unit))
			match(c, pairs[i].old, pairs[i].new_unit, "name");
}

// ---- owners --------------------------------------------------------------------------------------

static bool share_owner(struct correlation *c, struct unit *old, struct unit *new_unit)
{
	if (!c->old_referrers) {
		c->old_referrers = referrers_new(c->old);
		c->new_referrers = referrers_new(c->new_object);
	}
	return units_share_owner(c->old_referrers, old, c->new_referrers, new_unit);
}

/*
 * Nobody refers to either: an entry of a table that the linker puts together (the kernel's initcalls), or a static whose
 * readers the compiler gave its contents (`static const char id[] = ...; memcmp(p, id, 4)`). There is no owner to ask.
 */
static bool is_unreferred(struct correlation *c, struct unit *old, struct unit *new_unit)
{
	size_t old_count, new_count;

	if (!c->old_referrers) {
		c->old_referrers = referrers_new(c->old);
		c->new_referrers = referrers_new(c->new_object);
	}
	referrers_of(c->old_referrers, old, &old_count);
	referrers_of(c->new_referrers, new_unit, &new_count);
	return !old_count && !new_count;
}

static void key_initcalls(struct correlation *c, const struct object *object, const char **keys)
{
	for (size_t i = 0; i < object->unit_count; i++)
		if (!object->units[i].match && unit_is_initcall(&object->units[i]))
			keys[i] = initcall_name(c->arena, &object->units[i]);
}

/* subsys_initcall(start) -> late_initcall(start): one that runs at another time. */
static void match_initcalls(struct correlation *c)
{
	key_initcalls(c, c->old, c->old_keys);
	key_initcalls(c, c->new_object, c->new_keys);
	match_by_key(c, UNIT_DATUM, "name", is_unreferred);
}

// ---- all of it -----------------------------------------------------------------------------------

#define ROUNDS_MAX 32 // real objects need two or three

static void settle(struct correlation *c)
{
	for (int round = 0; round < ROUNDS_MAX; round++) {
		match_by_use(c);
		if (!vote_by_lone_use(c))
			break;
	}
}

static bool correlate_once(struct object *old, struct object *new_object)
{
	struct correlation c = {.old = old, .new_object = new_object, .arena = arena_new()};
	bool agrees;

	c.old_keys = make_keys(&c, old);
	c.new_keys = make_keys(&c, new_object);
	join_firsts(&c);
	c.old_votes = arena_array(c.arena, old->unit_count, sizeof(struct vote));
	c.new_votes = arena_array(c.arena, new_object->unit_count, sizeof(struct vote));
	match_by_notes(&c);
	match_exact_names(&c, false, false);
	match_exact_names(&c, true, false);
	match_exact_names(&c, true, true);
	match_by_key(&c, UNIT_FUNCTION, "clone", NULL);
	settle(&c);
	match_by_content(&c, false);
	settle(&c);
	match_by_content(&c, true);
	settle(&c);
	match_renumbered(&c);
	settle(&c);
	match_by_debug(&c);
	settle(&c);
	match_by_key(&c, UNIT_DATUM, "owner", share_owner);
	match_by_key(&c, UNIT_DATUM, "name", is_unreferred);
	match_initcalls(&c);
	settle(&c);
	match_constants(&c);
	settle(&c);
	agrees = !notes_contradict_code(&c);
	free(c.fresh.at);
	free(c.touched.at);
	free(c.loose.at);
	referrers_free(c.old_referrers);
	referrers_free(c.new_referrers);
	strmap_free(c.firsts);
	arena_free(c.arena);
	return agrees;
}

void correlate(struct object *old, struct object *new_object)
{
	static const char problem[] = "pair variables or clones otherwise than code that is the same does";

	if (correlate_once(old, new_object))
		return;
	notes_ignore(old, problem);
	notes_ignore(new_object, problem);
	forget_matches(old);
	forget_matches(new_object);
	correlate_once(old, new_object);
}
