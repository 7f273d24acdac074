// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Which function a static is of, whatever the compiler called it: `n.3` of GCC is the n of next(), also where next() was inlined
 * and nothing of it is left; `f.n` and `f.n.1` of Clang are the int and the pointer of f(). Of several with one function, name
 * and type debug information does not tell one from another: where they are declared changes with the source.
 */
#include "diff/debug-info.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 256 // of blocks, functions and namespaces

struct named_static {
	struct place place;
	const char *text;
	unsigned line;
};

struct static_index {
	VEC(struct named_static) list; // by place
};

struct walk {
	struct object *object;
	struct unit_header *unit;
	struct static_index *index;
	const char *functions[DEPTH_MAX]; // around what is read, NULL: none
	size_t depth;
};

// Of an inlined copy or a body: the function's, where it is declared. All zero when nobody has it.
static struct entry with_part(struct walk *walk, const struct entry *entry, enum entry_part part)
{
	struct entry found = *entry;

	if (entry_has(entry, part) || entry_follow(walk->object, walk->unit, entry->origin, part, &found))
		return found;
	return (struct entry){0};
}

static void take_variable(struct walk *walk, const struct entry *entry, const char *function)
{
	const char *name = with_part(walk, entry, ENTRY_NAME).name, *type;

	if (!name)
		return;
	type = debug_type_text(walk->object, walk->unit, with_part(walk, entry, ENTRY_TYPE).type,
			       walk->object->arena);
	*vec_push(&walk->index->list) = (struct named_static){
		.place = entry->location,
		.line = (unsigned)with_part(walk, entry, ENTRY_LINE).decl_line,
		.text = arena_printf(walk->object->arena, "%s\n%s\n%s", function, name, type ? type : "?")};
}

// Opens ENTRY's children; false when they are nested too deeply, and the rest of the unit is not read.
static bool enter(struct walk *walk, const struct entry *entry)
{
	const char *function = walk->depth ? walk->functions[walk->depth - 1] : NULL;

	if (walk->depth == DEPTH_MAX)
		return false;
	if (entry->tag == DW_TAG_subprogram || entry->tag == DW_TAG_inlined_subroutine)
		function = with_part(walk, entry, ENTRY_NAME).name;
	walk->functions[walk->depth++] = function;
	return true;
}

static void walk_unit(struct walk *walk)
{
	struct entry entry;

	walk->depth = 0;
	for (size_t at = walk->unit->first;
	     at && at < walk->unit->end && entry_read(walk->object, walk->unit, at, &entry, NULL);
	     at = entry.next) {
		const char *function = walk->depth ? walk->functions[walk->depth - 1] : NULL;

		if (!entry.tag && walk->depth)
			walk->depth--;
		if (entry.tag == DW_TAG_variable && entry.location.section && function)
			take_variable(walk, &entry, function);
		if (entry.tag && entry.children && !enter(walk, &entry))
			return;
	}
}

static int order_statics(const void *left, const void *right)
{
	const struct named_static *a = left, *b = right;

	if (a->place.section != b->place.section)
		return a->place.section < b->place.section ? -1 : 1;
	return (a->place.offset > b->place.offset) - (a->place.offset < b->place.offset);
}

static struct static_index *index_of(struct object *object)
{
	struct info_index *info = info_of(object);
	struct walk walk = {.object = object};

	if (info->statics)
		return info->statics;
	info->statics = walk.index = xalloc(sizeof(*walk.index));
	memset(walk.index, 0, sizeof(*walk.index));
	for (size_t i = 0; i < info->units.count; i++) {
		walk.unit = &info->units.at[i];
		if (walk.unit->first)
			walk_unit(&walk);
	}
	if (walk.index->list.count)
		qsort(walk.index->list.at, walk.index->list.count, sizeof(struct named_static),
		      order_statics);
	return walk.index;
}

void static_index_free(struct static_index *index)
{
	if (index)
		free(index->list.at);
	free(index);
}

const char *debug_static(struct object *object, const struct section *section, uint64_t offset,
			 unsigned *line)
{
	const struct static_index *index = index_of(object);
	struct named_static wanted = {.place = {.section = section->index, .offset = offset}};
	const char *text = NULL;
	size_t low = 0, high = index->list.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (order_statics(&index->list.at[middle], &wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	// One static may be told of several times, once for each place its function was inlined at: they must agree.
	for (; low < index->list.count && !order_statics(&index->list.at[low], &wanted); low++) {
		if (text && strcmp(text, index->list.at[low].text))
			return NULL;
		text = index->list.at[low].text;
		*line = index->list.at[low].line;
	}
	return text;
}
