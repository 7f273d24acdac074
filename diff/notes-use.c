// SPDX-License-Identifier: GPL-3.0-or-later
// What follows from the notes of both sides once units are compared: layouts, options, reasons, lines.
#include "diff/debug-info.h"
#include "diff/model.h"
#include "diff/notes.h"

#include <stdlib.h>
#include <string.h>

// ---- layouts -------------------------------------------------------------------------------------

static const struct note_type *find_type(const struct strmap *types, const char *name)
{
	return strmap_get(types, name);
}

static struct strmap *index_types(const struct notes *notes)
{
	struct strmap *types = strmap_new();

	for (size_t i = 0; i < notes->type_count; i++) {
		void **at = strmap_put(types, notes->types[i].name);

		if (!*at)
			*at = &notes->types[i];
	}
	return types;
}

// The name of a variable of that type, or of an array of it.
static const char *variable_of(const struct notes *notes, const char *type)
{
	size_t length = strlen(type);

	for (size_t i = 0; i < notes->variable_count; i++)
		if (!strncmp(notes->variables[i].type, type, length) &&
		    strchr("[", notes->variables[i].type[length]))
			return notes->variables[i].name;
	return NULL;
}

bool notes_type_changes(struct object *old, struct object *new_object, struct arena *arena,
			struct type_change **changes, size_t *count)
{
	const struct notes *before = notes_of(old, NULL), *after = notes_of(new_object, NULL);
	VEC(struct type_change) list = {0};
	struct strmap *types, *seen;

	if (!before || !after)
		return false;
	types = index_types(before);
	seen = strmap_new();
	for (size_t i = 0; i < after->type_count; i++) {
		const struct note_type *type = &after->types[i], *was = find_type(types, type->name);
		struct type_change change = {.name = type->name,
					     .file = *type->file ? type->file : NULL,
					     .line = type->line,
					     .new_size = type->size};

		if (!was || strmap_get(seen, type->name))
			continue;
		*strmap_put(seen, type->name) = seen;
		change.old_size = was->size;
		if (!layout_compare(new_object, &was->fields, &type->fields, &change))
			continue;
		change.variable = variable_of(after, type->name);
		*vec_push(&list) = change;
	}
	if (list.count)
		qsort(list.at, list.count, sizeof(*list.at), type_change_order);
	*changes = arena_array(arena, list.count + 1, sizeof(**changes));
	if (list.count)
		memcpy(*changes, list.at, list.count * sizeof(**changes));
	*count = list.count;
	free(list.at);
	strmap_free(types);
	strmap_free(seen);
	return true;
}

bool pair_has_types(struct object *old, struct object *new_object)
{
	return (object_has_types(old) && object_has_types(new_object)) ||
	       (notes_of(old, NULL) && notes_of(new_object, NULL));
}

// ---- lines ---------------------------------------------------------------------------------------

bool notes_may_be_line(struct object *object, uint64_t line)
{
	const struct notes *notes = notes_of(object, NULL);

	if (!notes || !notes->build_count)
		return true;
	for (size_t i = 0; i < notes->build_count; i++)
		if (!(notes->builds[i].flags & NOTE_PLACES_COMPLETE))
			return true;
	for (size_t i = 0; i < notes->place_count; i++)
		if (notes->places[i].line == line && (!strcmp(notes->places[i].macro, "__LINE__") ||
						      !strcmp(notes->places[i].macro, "__builtin_LINE")))
			return true;
	return false;
}

// ---- whose source changed ------------------------------------------------------------------------

static const struct note_function *function_of(const struct notes *notes, const struct unit *unit)
{
	size_t number = notes ? notes->function_of[unit_index(unit)] : 0;

	return number ? &notes->functions[number - 1] : NULL;
}

// The body that a clone was made of.
static const struct note_function *source_of(const struct notes *notes, const struct note_function *function)
{
	for (int hops = 0; function && function->origin && hops < 8; hops++)
		function = &notes->functions[function->origin - 1];
	return function && function->flags & NOTE_HAS_HASH ? function : NULL;
}

static struct strmap *index_functions(const struct notes *notes)
{
	struct strmap *functions = strmap_new();

	for (size_t i = 0; i < notes->function_count; i++)
		if (notes->functions[i].flags & NOTE_HAS_HASH && !notes->functions[i].origin) {
			const struct note_function *function = &notes->functions[i];
			void **at =
				strmap_put(functions, *function->symbol ? function->symbol : function->name);

			if (!*at)
				*at = &notes->functions[i];
		}
	return functions;
}

static const struct note_function *counterpart(const struct strmap *functions,
					       const struct note_function *function)
{
	return strmap_get(functions, *function->symbol ? function->symbol : function->name);
}

// The first function inlined into FUNCTION whose source differs from the other side's; *line of the call into it.
static const struct note_function *changed_callee(const struct notes *notes,
						  const struct note_function *function,
						  const struct strmap *others, bool early_only,
						  unsigned *line)
{
	for (size_t i = 0; i < function->inlined_count; i++) {
		const struct note_function *callee = &notes->functions[function->inlined[i].callee];
		const struct note_function *other = counterpart(others, callee), *inner = NULL;

		if (early_only && !function->inlined[i].early)
			continue;
		*line = function->inlined[i].line;
		if (other && callee->flags & NOTE_HAS_HASH && other->hash != callee->hash)
			return callee;
		if (!early_only) {
			unsigned inner_line;

			inner = changed_callee(notes, callee, others, true, &inner_line);
		}
		if (inner)
			return inner;
	}
	return NULL;
}

const struct note_function *notes_inlined_change(const struct unit *old, const struct unit *new_unit,
						 unsigned *line)
{
	const struct notes *before = notes_of(old->object, NULL), *after = notes_of(new_unit->object, NULL);
	const struct note_function *was = before ? function_of(before, old) : NULL;
	const struct note_function *is = after ? function_of(after, new_unit) : NULL, *callee;
	const struct note_function *was_source = source_of(before, was), *is_source = source_of(after, is);
	struct strmap *others;

	if (!was_source || !is_source || was_source->hash != is_source->hash)
		return NULL;
	others = index_functions(before);
	callee = changed_callee(after, is, others, false, line);
	if (!callee && is_source != is)
		callee = changed_callee(after, is_source, others, true, line);
	strmap_free(others);
	return callee;
}

// ---- compilers and options -----------------------------------------------------------------------

static const struct note_build *only_build(const struct notes *notes)
{
	return notes && notes->build_count == 1 ? &notes->builds[0] : NULL;
}

static bool holds_word(const char *words, const char *word, size_t length)
{
	while (*words) {
		size_t size = strcspn(words, " ");

		if (size == length && !memcmp(words, word, length))
			return true;
		words += size;
		words += strspn(words, " ");
	}
	return false;
}

// The options that the other side has not.
static const char *words_only_in(struct arena *arena, const char *words, const char *others)
{
	const char *text = "";

	while (*words) {
		size_t size = strcspn(words, " ");

		if (!holds_word(others, words, size))
			text = arena_printf(arena, "%s%s%.*s", text, *text ? " " : "", (int)size, words);
		words += size;
		words += strspn(words, " ");
	}
	return *text ? text : "(none)";
}

static const char *describe_difference(struct arena *arena, const struct note_build *old,
				       const struct note_build *new_build)
{
	if (strcmp(old->compiler, new_build->compiler))
		return arena_printf(arena, "compiled by %s before and by %s now", old->compiler,
				    new_build->compiler);
	if (strcmp(old->options, new_build->options))
		return arena_printf(arena, "compiled with %s before and with %s now",
				    words_only_in(arena, old->options, new_build->options),
				    words_only_in(arena, new_build->options, old->options));
	return NULL;
}

// A function that differs though nothing of its source does, nor of what is inlined into it.
static const struct unit *find_unrelated(const struct pair *pair, const struct notes *before,
					 const struct notes *after)
{
	for (size_t i = 0; i < pair->new->unit_count; i++) {
		const struct unit *unit = &pair->new->units[i];
		const struct note_function *was, *is;
		unsigned line;

		if (unit->kind != UNIT_FUNCTION || unit->status != UNIT_CHANGED || !unit->match ||
		    unit->owner)
			continue;
		was = source_of(before, function_of(before, unit->match));
		is = source_of(after, function_of(after, unit));
		if (was && is && was->hash == is->hash && !notes_inlined_change(unit->match, unit, &line))
			return unit;
	}
	return NULL;
}

static void check_options(const struct pair *pair, struct diags *diags)
{
	const struct notes *before = notes_of(pair->old, NULL), *after = notes_of(pair->new, NULL);
	const struct note_build *old = only_build(before), *new_build = only_build(after);
	struct arena *arena = arena_new();
	const char *difference = old && new_build ? describe_difference(arena, old, new_build) : NULL;
	// hashes are of one compiler: with another one all functions count
	const struct unit *unrelated = difference ? find_unrelated(pair, before, after) : NULL;

	if (difference)
		diags_add(diags, &(struct diag){.severity = DIAG_WARNING, .code = "options-differ"},
			  "some objects were %s; build both sides alike", difference);
	if (unrelated)
		diags_add(diags,
			  &(struct diag){.severity = DIAG_REFUSAL,
					 .code = "options-differ",
					 .object = pair->path,
					 .section = unrelated->section->name,
					 .symbol = unrelated->name},
			  "changes though its source does not: the object was %s; build both sides alike",
			  difference);
	arena_free(arena);
}

static void warn_ignored(const struct pair *pair, struct object *object, const char *side,
			 struct diags *diags)
{
	const char *problem;

	if (notes_of(object, &problem) || !problem)
		return;
	diags_add(diags,
		  &(struct diag){.severity = DIAG_WARNING, .code = "notes-ignored", .object = pair->path},
		  "the notes of the GCC plugin on the %s side %s; they are not used; build the object again "
		  "with "
		  "-fplugin=hotpatch",
		  side, problem);
}

void check_notes(const struct pair *pair, struct diags *diags)
{
	warn_ignored(pair, pair->old, "old", diags);
	warn_ignored(pair, pair->new, "new", diags);
	check_options(pair, diags);
}
