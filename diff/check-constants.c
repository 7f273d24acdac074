// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Constants that changed. The package brings the new one, and every function that reads the old one is replaced, in
 * unchanged objects, too. That is right only while nothing else can reach the old one: where data that the program
 * writes to holds its address, or a function may have stored it, the change is refused.
 */
#include "diff/model.h"

#include <stdlib.h>
#include <string.h>

enum { PLACES_MAX = 4 };

struct constant {
	const struct pair *pair;
	struct unit *unit; // of the new side
	const char *places[PLACES_MAX];
	size_t place_count;
};

struct constants {
	struct diff *diff;
	const struct diff_options *options;
	struct diags *diags, *ignored;
	struct strmap *names; // global name -> constant
	struct intmap *known; // unit -> constant
	VEC(struct constant *) list;
	VEC(struct handed_out) handed_out;
};

static bool is_changed_constant(const struct unit *unit)
{
	return unit->kind == UNIT_DATUM && unit->match && unit->status == UNIT_CHANGED &&
	       !unit_is_writable(unit) && !(unit->section->flags & SECTION_TLS);
}

bool has_changed_constant(const struct object *object)
{
	for (size_t i = 0; i < object->unit_count; i++)
		if (is_changed_constant(&object->units[i]))
			return true;
	return false;
}

static size_t take_changed(struct constants *constants, const struct pair *pair)
{
	size_t globals = 0;

	for (size_t i = 0; i < pair->new->unit_count; i++) {
		struct unit *unit = &pair->new->units[i];
		void **place;

		if (!is_changed_constant(unit))
			continue;
		place = intmap_put(constants->known, (uintptr_t)unit);
		if (*place)
			continue;
		*place = arena_alloc(constants->diff->arena, sizeof(struct constant));
		*(struct constant *)*place = (struct constant){.pair = pair, .unit = unit};
		*vec_push(&constants->list) = *place;
		for (size_t s = 0; s < unit->symbol_count; s++) {
			if (unit->symbols[s]->binding == BINDING_LOCAL)
				continue;
			*strmap_put(constants->names, unit->symbols[s]->name) = *place;
			globals++;
		}
	}
	return globals;
}

static void add_place(struct constants *constants, struct constant *constant, const char *text)
{
	for (size_t i = 0; i < constant->place_count && i < PLACES_MAX; i++)
		if (!strcmp(constant->places[i], text))
			return;
	if (constant->place_count < PLACES_MAX)
		constant->places[constant->place_count] = arena_strdup(constants->diff->arena, text);
	constant->place_count++;
}

// ---- readers in other objects --------------------------------------------------------------------------------------

static struct constant *named(const struct constants *constants, const struct reloc *reloc)
{
	const struct symbol *symbol = reloc->symbol;

	if (symbol->section || symbol->common || symbol->absolute || symbol->binding == BINDING_LOCAL ||
	    !*symbol->name)
		return NULL;
	return strmap_get(constants->names, symbol->name);
}

static bool names_one(const struct constants *constants, const struct object *object)
{
	for (size_t i = 1; i < object->symbol_count; i++) {
		const struct symbol *symbol = &object->symbols[i];

		if (!symbol->section && !symbol->common && !symbol->absolute &&
		    symbol->binding != BINDING_LOCAL && strmap_get(constants->names, symbol->name))
			return true;
	}
	return false;
}

static bool is_loaded_data(const struct unit *unit)
{
	return unit->section->flags & SECTION_ALLOC &&
	       (unit->section->role == ROLE_DATA || unit->section->role == ROLE_CODE);
}

// Marks the functions and constants of a pair that read a constant of another object. The number of those marked.
static size_t mark_readers(struct constants *constants, const struct pair *pair)
{
	size_t marked = 0;

	for (size_t i = 0; i < pair->new->unit_count; i++) {
		struct unit *unit = &pair->new->units[i];

		for (size_t r = 0; is_loaded_data(unit) && r < unit->reloc_count; r++) {
			const struct constant *constant = named(constants, &unit->relocs[r]);

			if (constant && constant->pair != pair)
				marked += spread_constant(pair->old, pair->new, unit, constant->unit);
		}
	}
	return marked;
}

// An object that is the same on both sides, loaded as a pair because it reads what changed.
static bool open_same(struct constants *constants, struct pair *pair)
{
	struct object *object = tree_load(&constants->diff->new_tree, pair->new_input, constants->diff->names,
					  constants->ignored);

	if (!object || !names_one(constants, object)) {
		object_free(object);
		return false;
	}
	pair->new = object;
	pair->old = tree_load(&constants->diff->old_tree, pair->old_input, constants->diff->names,
			      constants->ignored);
	if (!pair->old || pair->old->arch != pair->new->arch) {
		object_free(pair->old);
		object_free(pair->new);
		pair->old = pair->new = NULL;
		return false;
	}
	correlate(pair->old, pair->new);
	compare(pair->old, pair->new);
	return true;
}

static bool side_names_one(const struct constants *constants, const struct tree *tree,
			   const struct input *input)
{
	struct object *object = tree_load(tree, input, constants->diff->names, constants->ignored);
	bool names = object && names_one(constants, object);

	object_free(object);
	return names;
}

// Loads a pair that was let go when it reads what changed; it stays then.
static void open_changed(struct constants *constants, struct pair *pair)
{
	const struct diff *diff = constants->diff;

	if (!side_names_one(constants, &diff->new_tree, pair->new_input) &&
	    !side_names_one(constants, &diff->old_tree, pair->old_input))
		return;
	if (pair_open(constants->diff, pair))
		pair->let_go = false;
}

static size_t visit_pair(struct constants *constants, struct pair *pair)
{
	size_t globals = 0;
	bool opened = false;

	if (pair->let_go)
		open_changed(constants, pair);
	if (pair->status == PAIR_SAME && !pair->new)
		opened = open_same(constants, pair);
	if (!pair->new || !pair->old || (pair->status != PAIR_CHANGED && pair->status != PAIR_SAME))
		return 0;
	if (mark_readers(constants, pair)) {
		opened |= pair->status == PAIR_SAME;
		pair->status = PAIR_CHANGED;
		pair->arch = pair->new->arch;
		if (opened && constants->options->explain)
			explain(pair->old, pair->new);
		if (opened)
			check_pair(pair, constants->diags);
	}
	globals = take_changed(constants, pair);
	return globals;
}

// Until no further constant of another object's knowledge turns up.
static void spread_over_objects(struct constants *constants)
{
	size_t more = strmap_count(constants->names);

	while (more) {
		more = 0;
		for (size_t i = 0; i < constants->diff->pair_count; i++)
			more += visit_pair(constants, &constants->diff->pairs[i]);
	}
}

// ---- who may hold its address ----------------------------------------------------------------------------------------

static const char *data_name(struct arena *arena, const struct unit *unit)
{
	const char *file;
	unsigned line;

	if (!*unit->name)
		return arena_printf(arena, "data without a name in %s of %s", unit->section->name,
				    unit->object->path);
	if (unit_declared(unit, &file, &line))
		return arena_printf(arena, "`%s` (%s:%u)", unit->name, file, line);
	return arena_printf(arena, "`%s` (%s of %s)", unit->name, unit->section->name, unit->object->path);
}

// Old data that is written to, with an address of a constant that changed.
static void find_holders(struct constants *constants, const struct pair *pair)
{
	for (size_t i = 0; i < pair->old->unit_count; i++) {
		struct unit *unit = &pair->old->units[i];

		if (unit->kind == UNIT_FUNCTION || !is_loaded_data(unit) || !unit_is_writable(unit) ||
		    unit->bookkeeping)
			continue;
		for (size_t r = 0; r < unit->reloc_count; r++) {
			const struct reloc *reloc = &unit->relocs[r];
			struct constant *constant =
				reloc->target ? intmap_get(constants->known, (uintptr_t)reloc->target->match)
					      : named(constants, reloc);

			if (constant)
				add_place(constants, constant,
					  arena_printf(constants->diff->arena, "%s holds its address",
						       data_name(constants->diff->arena, unit)));
		}
	}
}

static bool refers_to(const struct unit *function, const struct unit *datum)
{
	for (size_t i = 0; i < function->reloc_count; i++) {
		const struct reloc *reloc = &function->relocs[i];

		if (reloc->target ? reloc->target == datum
				  : !reloc->symbol->section && reloc->symbol->binding != BINDING_LOCAL &&
					    !strcmp(reloc->symbol->name, datum->name))
			return true;
		// by way of a pair of pointers that the compiler put together
		if (reloc->target && reloc->target->kind == UNIT_ANONYMOUS)
			for (size_t k = 0; k < reloc->target->reloc_count; k++)
				if (reloc->target->relocs[k].target == datum)
					return true;
	}
	return false;
}

static void follow_readers(struct constants *constants, struct constant *constant, const struct pair *pair,
			   struct escapes *escapes)
{
	const struct unit *datum = constant->unit->match;
	bool global = datum->symbol_count && datum->symbols[0]->binding != BINDING_LOCAL;

	if (datum->object != pair->old && !global)
		return;
	for (size_t i = 0; i < pair->old->unit_count && constant->place_count < PLACES_MAX; i++) {
		const struct unit *function = &pair->old->units[i];
		struct escape escape;
		const char *file, *where = "";
		unsigned line;

		if (function->kind != UNIT_FUNCTION || function->section->role != ROLE_CODE ||
		    !refers_to(function, datum))
			continue;
		// its parts are looked at with it
		if (function->owner && function->owner->kind == UNIT_FUNCTION)
			function = function->owner;
		if (!address_escapes(escapes, function, datum, &escape)) {
			if (escape.returned_by)
				*vec_push(&constants->handed_out) =
					(struct handed_out){constant->unit, escape.returned_by};
			continue;
		}
		if (object_line(escape.in->object, escape.in->section, escape.in->offset + escape.at, &file,
				&line))
			where = arena_printf(constants->diff->arena, " (%s:%u)", file, line);
		add_place(constants, constant,
			  arena_printf(constants->diff->arena, "%s%s %s%s", escape.in->name, where,
				       escape.how,
				       escape.in == function
					       ? ""
					       : arena_printf(constants->diff->arena, " (reached from %s)",
							      function->name)));
	}
}

static void refuse(const struct constants *constants, const struct constant *constant)
{
	const struct unit *unit = constant->unit;
	struct diag place = {.severity = DIAG_REFUSAL,
			     .code = "data-changed",
			     .object = constant->pair->path,
			     .section = unit->section->name,
			     .symbol = *unit->name ? unit->name : NULL};
	const char *places = constant->places[0];

	for (size_t i = 1; i < constant->place_count && i < PLACES_MAX; i++)
		places = arena_printf(constants->diff->arena, "%s; %s", places, constant->places[i]);
	if (!unit_declared(unit, &place.file, &place.line))
		place.file = NULL;
	diags_add(constants->diags, &place,
		  "%s%sis a changed constant, and live data may go on with the old one: %s%s; change it in "
		  "code, or "
		  "allow it where that does no harm",
		  place.file ? unit->name : "", place.file ? " " : "", places,
		  constant->place_count > PLACES_MAX ? " and others" : "");
}

static void check_holders(struct constants *constants)
{
	struct escapes *escapes = escapes_new(constants->diff);

	for (size_t i = 0; i < constants->diff->pair_count; i++)
		if (constants->diff->pairs[i].old && constants->diff->pairs[i].new)
			find_holders(constants, &constants->diff->pairs[i]);
	for (size_t i = 0; i < constants->list.count; i++) {
		for (size_t p = 0; p < constants->diff->pair_count; p++)
			if (constants->diff->pairs[p].old && constants->diff->pairs[p].new)
				follow_readers(constants, constants->list.at[i], &constants->diff->pairs[p],
					       escapes);
		if (constants->list.at[i]->place_count)
			refuse(constants, constants->list.at[i]);
	}
	escapes_free(escapes);
}

void check_constants(struct diff *diff, const struct diff_options *options, struct diags *diags)
{
	struct constants constants = {.diff = diff,
				      .options = options,
				      .diags = diags,
				      .ignored = diags_new(),
				      .names = strmap_new(),
				      .known = intmap_new()};

	for (size_t i = 0; i < diff->pair_count; i++)
		if (diff->pairs[i].status == PAIR_CHANGED && !diff->pairs[i].let_go)
			take_changed(&constants, &diff->pairs[i]);
	if (constants.list.count) {
		spread_over_objects(&constants);
		check_holders(&constants);
	}
	if (constants.handed_out.count) {
		diff->handed_out =
			arena_array(diff->arena, constants.handed_out.count, sizeof(struct handed_out));
		memcpy(diff->handed_out, constants.handed_out.at,
		       constants.handed_out.count * sizeof(struct handed_out));
		diff->handed_out_count = constants.handed_out.count;
	}
	free(constants.handed_out.at);
	free(constants.list.at);
	strmap_free(constants.names);
	intmap_free(constants.known);
	diags_free(constants.ignored);
}
