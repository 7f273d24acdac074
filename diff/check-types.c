// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Structures whose layout differs. Their objects live on in the running program, in the old layout: on the heap, in
 * .bss, on stacks. Code that is not replaced goes on with the old offsets, so new code must as well.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "diff/debug.h"
#include "diff/disassemble.h"
#include "diff/model.h"

// A type text in words.
static char *spell(const char *type)
{
	size_t length = strcspn(type, "[");
	const char *array = type[length] ? "array of " : "";

	switch (strchr("iubf", *type) && length > 1 && type[1] >= '0' && type[1] <= '9' ? *type : 0) {
	case 'i':
	case 'u':
		return xasprintf("%s%.*s-bit integer", array, (int)length - 1, type + 1);
	case 'f':
		return xasprintf("%s%.*s-bit floating point", array, (int)length - 1, type + 1);
	case 'b':
		return xasprintf("%sboolean", array);
	default:
		return length == 1 && *type == '*' ? xasprintf("%spointer", array)
						   : xasprintf("%s%.*s", array, (int)length, type);
	}
}

static char *describe_kind(const struct type_change *change, const char *size)
{
	char *was = spell(change->first_was), *is = spell(change->first_is), *text;

	text = xasprintf("%zu field%s, first %s at %" PRIu64 ", %s → %s (%s)", change->moved,
			 change->moved == 1 ? " holds something else" : "s hold something else or move",
			 change->first, change->first_old, was, is, size);
	free(was);
	free(is);
	return text;
}

static char *describe_move(const struct type_change *change)
{
	char *size = change->old_size == change->new_size
			     ? xasprintf("size %" PRIu64 " unchanged", change->old_size)
			     : xasprintf("size %" PRIu64 "→%" PRIu64, change->old_size, change->new_size);
	char *text;

	if (change->filled)
		text = xasprintf("new field %s at %" PRIu64 " lies in what was padding (%s)", change->added,
				 change->added_at, size);
	else if (!change->moved)
		text = change->added ? xasprintf("new field %s, %s", change->added, size) : xstrdup(size);
	else if (change->first_gone)
		text = xasprintf("%zu field%s gone or moved, first %s at %" PRIu64 " (%s)", change->moved,
				 change->moved == 1 ? " is" : "s are", change->first, change->first_old,
				 size);
	else if (change->first_was && change->first_is)
		text = describe_kind(change, size);
	else if (change->first_old == change->first_new)
		text = xasprintf("%zu field%s, first %s at %" PRIu64 " (%s)", change->moved,
				 change->moved == 1 ? " changes its size" : "s change size or move",
				 change->first, change->first_old, size);
	else
		text = xasprintf("%zu field%s, first %s %" PRIu64 "→%" PRIu64 " (%s)", change->moved,
				 change->moved == 1 ? " moves" : "s move", change->first, change->first_old,
				 change->first_new, size);
	free(size);
	return text;
}

static char *describe_way_out(const struct type_change *change)
{
	if (change->filled)
		return xstrdup(
			"live objects hold there what their memory held before; where that is always what "
			"the code takes for unset, allow it");
	if (change->added && change->hole_size)
		return xasprintf(
			"put %s into the %" PRIu64 "-byte hole at %" PRIu64
			" to move nothing, and allow that where what live objects hold there means unset",
			change->added, change->hole_size, change->hole_at);
	return xstrdup("leave its fields where they were, and put what is new into data of its own");
}

static void check_function_offsets(const struct pair *pair, const struct unit *unit, struct arena *arena,
				   struct diags *diags)
{
	struct diag place = {.severity = DIAG_REFUSAL,
			     .code = "no-types",
			     .object = pair->path,
			     .section = unit->section->name,
			     .symbol = unit->name};
	static const char way_out[] =
		"neither debug information nor notes tell whether a structure's layout differs; "
		"build both sides with -g or -fplugin=hotpatch (hp-config --cflags), "
		"which changes no instruction";
	const char *what = NULL;
	int64_t offset = 0, size;

	if (touches_elsewhere(unit, arena, &what, &offset))
		diags_add(diags, &place, "touches %s at offset %" PRId64 ", unlike its old body, and %s",
			  what ? what : "what a pointer points to", offset, way_out);
	else if (allocates_otherwise(unit, arena, &what, &offset, &size))
		diags_add(diags, &place,
			  "asks %s for %" PRId64 " where its old body asked for %" PRId64 ", and %s", what,
			  size, offset, way_out);
}

// Nothing tells layouts: whatever may have moved shows in the code alone.
static void check_offsets(const struct pair *pair, struct arena *arena, struct diags *diags)
{
	if (!can_disassemble(pair->new->arch))
		return;
	for (size_t i = 0; i < pair->new->unit_count; i++)
		if (pair->new->units[i].kind == UNIT_FUNCTION && !pair->new->units[i].owner &&
		    pair->new->units[i].status == UNIT_CHANGED && pair->new->units[i].match)
			check_function_offsets(pair, &pair->new->units[i], arena, diags);
}

static bool tells_nothing(const struct pair *pair)
{
	return !debug_has_units(pair->old) || !debug_has_units(pair->new);
}

void check_types(const struct pair *pair, struct diags *diags)
{
	struct arena *arena = arena_new();
	size_t count;
	struct type_change *changes = object_type_changes(pair->old, pair->new, arena, &count);

	if (!pair_has_types(pair->old, pair->new) && tells_nothing(pair))
		check_offsets(pair, arena, diags);
	if (!pair_has_types(pair->old, pair->new))
		diags_add(diags, &(struct diag){.severity = DIAG_WARNING, .code = "no-types"},
			  "some changed objects do not tell all types (no -g, clang, or in files or units of "
			  "their own): structures "
			  "whose layout differs may go unseen; build both sides with gcc -g");

	for (size_t i = 0; i < count; i++) {
		const struct type_change *change = &changes[i];
		const char *space = strchr(change->name, ' ');
		// not the object: one structure in many objects is one refusal
		struct diag place = {.severity = DIAG_REFUSAL,
				     .code = "data-layout",
				     .object = change->file ? NULL : pair->path,
				     .symbol = space ? space + 1 : change->name,
				     .file = change->file,
				     .line = change->line};
		char *move = describe_move(change), *way_out = describe_way_out(change);
		const char *allocators = object_allocators(pair->old, change->old_size, arena);

		diags_add(diags, &place, "%s: %s%s%s%s%s%s; %s", change->name, move,
			  change->variable ? "; live object `" : "", change->variable ? change->variable : "",
			  change->variable ? "`" : "", allocators ? "; allocated by " : "",
			  allocators ? allocators : "", way_out);
		free(move);
		free(way_out);
	}
	arena_free(arena);
}
