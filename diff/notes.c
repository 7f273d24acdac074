// SPDX-License-Identifier: GPL-3.0-or-later
// Reads the section .debug_hotpatch of an object: units of records (doc/notes-format.md).
#include "diff/notes.h"
#include "diff/debug.h"

#include <stdlib.h>
#include <string.h>

#define SECTION_NAME ".debug_hotpatch"
#define VERSION      2
#define COUNT_MAX    (1u << 24) // of anything in one object

enum tag { TAG_STRINGS = 1, TAG_BUILD, TAG_FUNCTION, TAG_VARIABLE, TAG_TYPE, TAG_PLACES };
enum variable_flag { KNOWS_SCOPE = 1, KNOWS_USERS = 2 };

struct object_notes {
	struct notes notes; // first: what notes_of() gives
	bool valid;
	const char *problem;
};

struct field_kind { // what fields have in common, each told once
	const char *type;
	uint64_t extent;
};

struct reading {
	struct arena *arena;
	const char *problem;
	// of the unit that is read
	const char **strings;
	size_t string_count, string_named; // how many were named so far
	VEC(struct field_kind) kinds;
	size_t first_function; // index of its first function
	VEC(struct note_build) builds;
	VEC(struct note_function) functions;
	VEC(struct note_variable) variables;
	VEC(struct note_type) types;
	VEC(struct note_place) places;
};

static bool fail(struct reading *reading, const char *problem)
{
	if (!reading->problem)
		reading->problem = problem;
	return false;
}

// ---- pieces --------------------------------------------------------------------------------------

// 0: the first one that nothing named before; 1: the empty one.
static const char *read_string(struct reading *reading, struct cursor *cursor)
{
	uint64_t number = cursor_uleb(cursor);

	if (!cursor->bad && number == 1)
		return "";
	number = number ? number - 2 : reading->string_named++;
	if (cursor->bad || number >= reading->string_count) {
		cursor->bad = true;
		return "";
	}
	return reading->strings[number];
}

// A list of COUNT things, each of which takes a byte or more.
static size_t read_count(struct cursor *cursor)
{
	uint64_t count = cursor_uleb(cursor);

	if (cursor->bad || count > cursor->size - cursor->at || count > COUNT_MAX) {
		cursor->bad = true;
		return 0;
	}
	return count;
}

static unsigned read_line(struct cursor *cursor)
{
	uint64_t line = cursor_uleb(cursor);

	cursor->bad |= line > INT32_MAX;
	return (unsigned)line;
}

// Functions are numbered from 1 within their unit, which may name one that comes later.
static size_t read_function_number(struct reading *reading, struct cursor *cursor)
{
	uint64_t number = cursor_uleb(cursor);

	cursor->bad |= number > COUNT_MAX;
	return number && !cursor->bad ? reading->first_function + number : 0;
}

// ---- records -------------------------------------------------------------------------------------

static void read_build(struct reading *reading, struct cursor *cursor)
{
	struct note_build build = {.flags = (unsigned)cursor_uleb(cursor)};

	build.compiler = read_string(reading, cursor);
	build.options = read_string(reading, cursor);
	build.source = read_string(reading, cursor);

	*vec_push(&reading->builds) = build;
}

static void read_inlined(struct reading *reading, struct cursor *cursor, struct note_function *function)
{
	function->inlined_count = read_count(cursor);
	function->inlined =
		arena_array(reading->arena, function->inlined_count + 1, sizeof(struct note_inlining));
	for (size_t i = 0; i < function->inlined_count && !cursor->bad; i++) {
		struct note_inlining *inlining = &function->inlined[i];
		uint64_t line;

		inlining->callee = read_function_number(reading, cursor);
		line = cursor_uleb(cursor);
		cursor->bad |= !inlining->callee || line > 4 * (uint64_t)INT32_MAX;
		inlining->callee--;
		inlining->line = (unsigned)(line >> 2);
		inlining->early = line & 2;
		inlining->file = line & 1 ? read_string(reading, cursor) : function->file;
	}
}

static void read_function(struct reading *reading, struct cursor *cursor)
{
	struct note_function function = {.flags = (unsigned)cursor_uleb(cursor), .symbol = ""};

	function.name = read_string(reading, cursor);
	if (function.flags & NOTE_SYMBOL_IS_NAME)
		function.symbol = function.name;
	else if (function.flags & NOTE_HAS_SYMBOL)
		function.symbol = read_string(reading, cursor);
	function.file = read_string(reading, cursor);
	function.line = read_line(cursor);
	if (function.flags & NOTE_HAS_HASH)
		function.hash = cursor_number(cursor, 8);
	function.origin = read_function_number(reading, cursor);
	function.clone = read_string(reading, cursor);
	read_inlined(reading, cursor, &function);
	*vec_push(&reading->functions) = function;
}

static void read_initial(struct cursor *cursor, struct note_variable *variable)
{
	uint64_t kind = cursor_uleb(cursor);

	cursor->bad |= kind > NOTE_OTHER;
	variable->initial = (enum note_initial)kind;
	if (kind == NOTE_INTEGER)
		variable->value = cursor_number(cursor, 8);
}

static void read_users(struct reading *reading, struct cursor *cursor, struct note_variable *variable)
{
	variable->user_count = read_count(cursor);
	variable->users = arena_array(reading->arena, variable->user_count + 1, sizeof(size_t));
	for (size_t i = 0; i < variable->user_count && !cursor->bad; i++) {
		size_t number = read_function_number(reading, cursor);

		cursor->bad |= !number;
		variable->users[i] = number - 1;
	}
}

static void read_variable(struct reading *reading, struct cursor *cursor)
{
	uint64_t flags = cursor_uleb(cursor);
	struct note_variable variable = {.has_scope = flags & KNOWS_SCOPE, .has_users = flags & KNOWS_USERS};

	variable.name = read_string(reading, cursor);
	variable.symbol = read_string(reading, cursor);
	variable.function = read_function_number(reading, cursor);
	variable.type = read_string(reading, cursor);
	variable.size = cursor_uleb(cursor);
	variable.file = read_string(reading, cursor);
	variable.line = read_line(cursor);
	read_initial(cursor, &variable);
	if (variable.has_scope) {
		variable.path = read_string(reading, cursor);
		variable.scope = cursor_number(cursor, 8);
		variable.shape = cursor_number(cursor, 8);
	}
	if (variable.has_users)
		read_users(reading, cursor, &variable);
	*vec_push(&reading->variables) = variable;
}

static struct field_kind read_kind(struct reading *reading, struct cursor *cursor, uint64_t number)
{
	struct field_kind kind = {.type = ""};

	if (number > reading->kinds.count) {
		cursor->bad = true;
		return kind;
	}
	if (number)
		return reading->kinds.at[number - 1];
	kind.type = read_string(reading, cursor);
	kind.extent = cursor_uleb(cursor);
	cursor->bad |= kind.extent > UINT64_MAX / 16;
	*vec_push(&reading->kinds) = kind;
	return kind;
}

static void mix_string(uint64_t *sum, const char *string)
{
	*sum = notes_sum_more(*sum, string, strlen(string) + 1);
}

static void mix_number(uint64_t *sum, uint64_t number)
{
	do {
		uint8_t byte = (number & 0x7f) | (number >> 7 ? 0x80 : 0);

		*sum = notes_sum_more(*sum, &byte, 1);
		number >>= 7;
	} while (number);
}

// *END: the bit behind the field before, which becomes this one's; *SUM: of what was read of the type.
static void read_field(struct reading *reading, struct cursor *cursor, uint64_t *end, uint64_t *sum,
		       struct field *field)
{
	uint64_t number = cursor_uleb(cursor), at, bits;
	struct field_kind kind;

	field->name = read_string(reading, cursor);
	kind = read_kind(reading, cursor, number >> 1);
	at = kind.extent & 1 ? 2 * *end + 1 : *end / 8 * 2;
	if (number & 1)
		at = cursor_uleb(cursor);
	cursor->bad |= at > UINT64_MAX / 16 || (at & 1) != (kind.extent & 1);
	field->type = kind.type;
	bits = at >> 1;
	if (at & 1) { // a bit-field: both in bits
		field->offset = bits >> 3;
		field->bit_at = bits & 7;
		field->bit_size = kind.extent >> 1;
		*end = bits + field->bit_size;
	} else {
		field->offset = at >> 1;
		field->size = kind.extent >> 1;
		*end = 8 * (field->offset + field->size);
	}
	mix_string(sum, field->name);
	mix_string(sum, field->type);
	mix_number(sum, at);
	mix_number(sum, kind.extent);
}

static void read_type(struct reading *reading, struct cursor *cursor)
{
	struct note_type type = {.name = read_string(reading, cursor)};
	uint64_t end = 0, sum = NOTES_SUM_START;

	type.size = cursor_uleb(cursor);
	type.align = cursor_uleb(cursor);
	type.file = read_string(reading, cursor);
	type.line = read_line(cursor);
	type.hash = cursor_number(cursor, 8);
	type.fields.count = type.fields.room = read_count(cursor);
	type.fields.at = arena_array(reading->arena, type.fields.count + 1, sizeof(struct field));
	mix_string(&sum, type.name);
	mix_number(&sum, type.size);
	mix_number(&sum, type.align);
	for (size_t i = 0; i < type.fields.count && !cursor->bad; i++)
		read_field(reading, cursor, &end, &sum, &type.fields.at[i]);
	cursor->bad |= sum != type.hash;
	*vec_push(&reading->types) = type;
}

static void read_places(struct reading *reading, struct cursor *cursor)
{
	while (cursor->at < cursor->size && !cursor->bad) {
		struct note_place place = {.macro = read_string(reading, cursor)};
		uint64_t distance;

		place.file = read_string(reading, cursor);
		while ((distance = cursor_uleb(cursor))) {
			cursor->bad |= distance > INT32_MAX || distance + place.line > INT32_MAX;
			if (cursor->bad)
				return;
			place.line += (unsigned)distance;
			*vec_push(&reading->places) = place;
		}
	}
}

static void read_record(struct reading *reading, uint64_t tag, struct cursor *cursor)
{
	switch (tag) {
	case TAG_BUILD:
		read_build(reading, cursor);
		break;
	case TAG_FUNCTION:
		read_function(reading, cursor);
		break;
	case TAG_VARIABLE:
		read_variable(reading, cursor);
		break;
	case TAG_TYPE:
		read_type(reading, cursor);
		break;
	case TAG_PLACES:
		read_places(reading, cursor);
		break;
	default: // of a later version that changed nothing else
		break;
	}
}

// ---- units ---------------------------------------------------------------------------------------

// Numbers of functions must name functions of the same unit.
static bool numbers_hold(const struct reading *reading, size_t first_variable)
{
	size_t low = reading->first_function, count = reading->functions.count;

	for (size_t i = low; i < count; i++) {
		const struct note_function *function = &reading->functions.at[i];

		if (function->origin > count)
			return false;
		for (size_t k = 0; k < function->inlined_count; k++)
			if (function->inlined[k].callee >= count)
				return false;
	}
	for (size_t i = first_variable; i < reading->variables.count; i++) {
		const struct note_variable *variable = &reading->variables.at[i];

		if (variable->function > count)
			return false;
		for (size_t k = 0; k < variable->user_count; k++)
			if (variable->users[k] >= count)
				return false;
	}
	return true;
}

#define SHARED_MAX 127
// Of what all strings take together, to what they take here; a compiler's are below 2.
#define EXPANSION_MAX 16

// One string: how much of the one before it begins with, and what follows up to a NUL. *ROOM: what it may take.
static const char *take_string(struct reading *reading, struct cursor *cursor, const char *last, size_t *room)
{
	uint64_t shared = cursor_uleb(cursor);
	const char *rest = (const char *)cursor->data + cursor->at;
	const char *end = cursor->bad ? NULL : memchr(rest, '\0', cursor->size - cursor->at);
	size_t size = end ? (size_t)(end - rest) + 1 : 0;
	char *string;

	if (!end || shared > SHARED_MAX || shared > strlen(last) || shared + size > *room)
		return NULL;
	cursor_skip(cursor, size);
	*room -= shared + size;
	string = arena_alloc(reading->arena, shared + size);
	memcpy(string, last, shared);
	memcpy(string + shared, rest, size);
	return string;
}

static bool take_strings(struct reading *reading, const struct cursor *payload, uint64_t tag, uint64_t size)
{
	struct cursor cursor = cursor_at(payload->data + payload->at, size, 0, false);
	size_t room = EXPANSION_MAX * size;
	const char *last = "";

	if (tag != TAG_STRINGS || size > payload->size - payload->at || size > SIZE_MAX / EXPANSION_MAX)
		return fail(reading, "do not begin with strings");
	reading->strings = arena_array(reading->arena, size / 2 + 1, sizeof(char *)); // each takes two bytes
	reading->string_count = reading->string_named = reading->kinds.count = 0;
	while (cursor.at < cursor.size) {
		last = take_string(reading, &cursor, last, &room);
		if (!last)
			return fail(reading, "have a string that cannot be");
		reading->strings[reading->string_count++] = last;
	}
	return true;
}

static bool read_payload(struct reading *reading, struct cursor *payload)
{
	uint64_t tag = cursor_uleb(payload), size = cursor_uleb(payload);
	size_t first_variable = reading->variables.count;

	reading->first_function = reading->functions.count;
	if (payload->bad || !take_strings(reading, payload, tag, size))
		return fail(reading, "are cut off");
	cursor_skip(payload, size);
	while (payload->at < payload->size) {
		struct cursor record;

		tag = cursor_uleb(payload);
		size = cursor_uleb(payload);
		if (payload->bad || size > payload->size - payload->at)
			return fail(reading, "are cut off");
		record = cursor_at(payload->data + payload->at, size, 0, false);
		read_record(reading, tag, &record);
		if (record.bad)
			return fail(reading, "have a record that cannot be");
		cursor_skip(payload, size);
	}
	return numbers_hold(reading, first_variable) || fail(reading, "name a function that is not there");
}

uint64_t notes_sum_more(uint64_t sum, const void *data, size_t size)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < size; i++)
		sum = (sum ^ bytes[i]) * UINT64_C(0x100000001b3);
	return sum;
}

static bool read_units(struct reading *reading, const uint8_t *data, size_t size)
{
	struct cursor section = cursor_at(data, size, 0, false);

	while (section.at < section.size) {
		struct cursor payload;
		uint64_t length;

		if (section.size - section.at < 4 || memcmp(data + section.at, "HPN", 3))
			return fail(reading, "are none of the plugin's");
		if (data[section.at + 3] != VERSION)
			return fail(reading, "are of another version of the format");
		cursor_skip(&section, 4);
		length = cursor_uleb(&section);
		if (section.bad || length > section.size - section.at)
			return fail(reading, "are cut off");
		payload = cursor_at(data + section.at, length, 0, false);
		cursor_skip(&section, length);
		if (cursor_number(&section, 8) != notes_sum_more(NOTES_SUM_START, payload.data, length) ||
		    section.bad)
			return fail(reading, "do not add up");
		if (!read_payload(reading, &payload))
			return false;
	}
	return true;
}

// ---- of an object --------------------------------------------------------------------------------

static bool has_section(const struct object *object)
{
	for (size_t i = 1; i < object->section_count; i++)
		if (object->sections[i].role == ROLE_DEBUG && !strcmp(object->sections[i].name, SECTION_NAME))
			return true;
	return false;
}

// The lists move into the object's arena.
static void *keep(struct arena *arena, void *at, size_t count, size_t size)
{
	void *kept = arena_array(arena, count + 1, size);

	if (count)
		memcpy(kept, at, count * size);
	free(at);
	return kept;
}

#define KEEP(arena, list) keep(arena, (list).at, (list).count, sizeof(*(list).at))

static struct notes take(struct reading *reading)
{
	struct arena *arena = reading->arena;

	return (struct notes){.build_count = reading->builds.count,
			      .builds = KEEP(arena, reading->builds),
			      .function_count = reading->functions.count,
			      .functions = KEEP(arena, reading->functions),
			      .variable_count = reading->variables.count,
			      .variables = KEEP(arena, reading->variables),
			      .type_count = reading->types.count,
			      .types = KEEP(arena, reading->types),
			      .place_count = reading->places.count,
			      .places = KEEP(arena, reading->places)};
}

static void read_notes(struct object *object, struct object_notes *all)
{
	const struct debug_section *section = &debug_open(object)->sections[DEBUG_NOTES];
	struct reading reading = {.arena = object->arena};

	if (!section->data) {
		all->problem = "cannot be decompressed";
		return;
	}
	read_units(&reading, section->data, section->size);
	free(reading.kinds.at);
	all->notes = take(&reading);
	all->problem = reading.problem ? reading.problem : notes_bind(object, &all->notes, object->arena);
	all->valid = !all->problem;
}

const struct notes *notes_of(struct object *object, const char **problem)
{
	struct object_notes *all = (struct object_notes *)object->notes;

	if (!all) {
		all = arena_alloc(object->arena, sizeof(*all));
		object->notes = &all->notes;
		if (has_section(object))
			read_notes(object, all);
	}
	if (problem)
		*problem = all->problem;
	return all->valid ? &all->notes : NULL;
}

void notes_ignore(struct object *object, const char *problem)
{
	struct object_notes *all;

	notes_of(object, NULL);
	all = (struct object_notes *)object->notes;
	all->valid = false;
	all->problem = problem;
}
