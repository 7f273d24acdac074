// SPDX-License-Identifier: GPL-3.0-or-later
// Layouts that differ: which fields moved, what was added, and where it would have moved nothing.
#include "diff/layout.h"
#include "diff/debug-info.h"

#include <string.h>

static const struct field *field_of(const field_list *fields, const char *name)
{
	for (size_t i = 0; i < fields->count; i++)
		if (!strcmp(fields->at[i].name, name))
			return &fields->at[i];
	return NULL;
}

// The new side's field of that name, or NULL. *next is where it is looked for first: behind the one found before.
static const struct field *find_counterpart(const struct object *object, const field_list *fields,
					    const char *name, size_t *next)
{
	const struct field *field;

	if (*next < fields->count && !strcmp(fields->at[*next].name, name))
		return &fields->at[(*next)++];
	// fields without a name are told apart by position only
	field = *name && debug_spend(object, fields->count) ? field_of(fields, name) : NULL;
	if (field)
		*next = (size_t)(field - fields->at) + 1;
	return field;
}

static bool same_place(const struct field *a, const struct field *b)
{
	return a->offset == b->offset && a->size == b->size && a->bit_at == b->bit_at &&
	       a->bit_size == b->bit_size;
}

// What a field's type text says it holds: 'i'nteger, 'b'oolean, 'f'loating point, 'p'ointer, 's'tructure; 0: unknown.
static char class_of(const char *type, size_t length)
{
	if (!length)
		return 0;
	if (type[length - 1] == '*' || type[length - 1] == '&')
		return 'p';
	if (!strncmp(type, "enum", 4))
		return 'i';
	if (!strncmp(type, "struct ", 7) || !strncmp(type, "union ", 6) || !strncmp(type, "class ", 6))
		return 's';
	if (!strchr("iubf", *type) || length < 2 || type[1] < '0' || type[1] > '9')
		return 0;
	return *type == 'u' ? 'i' : *type;
}

// Live objects hold what the old type put there: a number read as a pointer, or as floating point, is another one. A
// number may change its sign, a pointer may point to void; which structure it points to must stay.
static bool same_kind(const char *a, const char *b)
{
	size_t a_length = a ? strcspn(a, "[") : 0, b_length = b ? strcspn(b, "[") : 0;
	char class = class_of(a, a_length), other = class_of(b, b_length);
	bool array = a_length && b_length && (a[a_length] || b[b_length]);

	if (!class || !other)
		return true;
	if (class != other)
		return false;
	if (class == 's' || (class == 'p' && !strncmp(a, "struct ", 7) && !strncmp(b, "struct ", 7)))
		return a_length == b_length && !memcmp(a, b, a_length);
	// Elements of another size; an enumeration does not tell its own.
	return !array || class == 'p' || *a == 'e' || *b == 'e' ||
	       (a_length == b_length && !memcmp(a + 1, b + 1, a_length - 1));
}

static void compare_fields(const struct object *object, const field_list *old, const field_list *new_fields,
			   struct type_change *change)
{
	size_t next = 0;

	for (size_t i = 0; i < old->count; i++) {
		const struct field *before = &old->at[i];
		const struct field *after = find_counterpart(object, new_fields, before->name, &next);

		if (after ? same_place(before, after) && same_kind(before->type, after->type)
			  : !*before->name)
			continue;
		if (!change->moved++) {
			bool stays = after && same_place(before, after);

			change->first_was = stays ? before->type : NULL;
			change->first_is = stays ? after->type : NULL;
			change->first = before->name;
			change->first_old = before->offset;
			change->first_new = after ? after->offset : 0;
			change->first_gone = !after;
		}
	}
}

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a < b ? b - a : a - b;
}

// The hole of the old layout nearest to where FIELD is now that takes it, aligned to its size (up to 16).
static void find_hole(const field_list *old, const struct field *field, uint64_t old_size,
		      struct type_change *change)
{
	uint64_t align =
		field->size && !(field->size & (field->size - 1)) && field->size <= 16 ? field->size : 8;

	for (size_t i = 0; i < old->count; i++) {
		uint64_t end = old->at[i].offset + old->at[i].size;
		uint64_t next = i + 1 < old->count ? old->at[i + 1].offset : old_size;
		uint64_t start = (end + align - 1) / align * align;

		if (!old->at[i].size || old->at[i].bit_size || next <= start || next - start < field->size)
			continue;
		if (change->hole_size &&
		    distance(change->hole_at, field->offset) <= distance(start, field->offset))
			continue;
		change->hole_at = start;
		change->hole_size = next - start;
	}
}

// The first field that only the new side has is most often what moves the others.
static void find_added(const field_list *old, const field_list *new_fields, struct type_change *change)
{
	for (size_t n = 0; n < new_fields->count; n++) {
		const struct field *field = &new_fields->at[n];

		if (!*field->name || field_of(old, field->name))
			continue;
		change->added = field->name;
		change->line = field->line ? field->line : change->line;
		if (field->size && !field->bit_size)
			find_hole(old, field, change->old_size, change);
		return;
	}
}

static uint64_t first_bit(const struct field *field)
{
	return 8 * field->offset + (field->bit_size ? field->bit_at : 0);
}

static uint64_t bit_count(const struct field *field)
{
	return field->bit_size ? field->bit_size : 8 * field->size;
}

static bool overlap(const struct field *a, const struct field *b)
{
	return first_bit(a) < first_bit(b) + bit_count(b) && first_bit(b) < first_bit(a) + bit_count(a);
}

// A field that only the new side has, where the old side has none at all: another member of a union is no such.
// Nothing wrote there, so live objects hold what was left in their memory, or zero, or what a copy brought along.
static void find_filled(const struct object *object, const field_list *old, const field_list *new_fields,
			struct type_change *change)
{
	size_t next = 0;

	for (size_t n = 0; n < new_fields->count && !change->filled; n++) {
		const struct field *field = &new_fields->at[n];
		bool covered = false;

		if (!*field->name || !bit_count(field) || find_counterpart(object, old, field->name, &next) ||
		    !debug_spend(object, old->count))
			continue;
		for (size_t i = 0; i < old->count && !covered; i++)
			covered = overlap(field, &old->at[i]);
		if (covered)
			continue;
		change->filled = true;
		change->added = field->name;
		change->added_at = field->offset;
		change->line = field->line ? field->line : change->line;
	}
}

bool layout_compare(const struct object *object, const field_list *old, const field_list *new_fields,
		    struct type_change *change)
{
	compare_fields(object, old, new_fields, change);
	if (!change->moved && change->old_size == change->new_size) {
		find_filled(object, old, new_fields, change);
		return change->filled;
	}
	find_added(old, new_fields, change);
	return true;
}

int type_change_order(const void *left, const void *right)
{
	const struct type_change *a = left, *b = right;
	int order = strcmp(a->file ? a->file : "", b->file ? b->file : "");

	if (order)
		return order;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	return strcmp(a->name, b->name);
}
