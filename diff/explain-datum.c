// SPDX-License-Identifier: GPL-3.0-or-later
// Why a datum differs: the first byte, pointer or size that does, with both values.
#include "diff/explain.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define BYTES_SHOWN 8

static const uint8_t *bytes_of(const struct unit *unit)
{
	return unit->section->data ? unit->section->data + unit->offset : NULL;
}

// Moves *reloc forward to the first relocation that ends behind AT; true when AT lies in it.
static bool is_relocated(const struct unit *unit, uint64_t at, size_t *reloc)
{
	while (*reloc < unit->reloc_count &&
	       unit->relocs[*reloc].offset - unit->offset + unit->relocs[*reloc].info->size <= at)
		++*reloc;
	return *reloc < unit->reloc_count && unit->relocs[*reloc].offset - unit->offset <= at;
}

// Text fills what it is in, or is followed by zeros; four bytes with two letters in them are rather a number.
static bool is_text(const uint8_t *data, uint64_t size)
{
	uint64_t length = text_before_zeros(data, size);

	return length >= 3 || (length == 2 && size == 3);
}

// Bytes of the number around an offset: all of a small datum, else a word, as most fields and elements are. 0: unknown.
static unsigned number_width(const struct unit *unit)
{
	if (unit->size == 1 || unit->size == 2 || unit->size == 4 || unit->size == 8)
		return (unsigned)unit->size;
	return unit->size % 4 == 0 && unit->section->align >= 4 && unit->offset % 4 == 0 ? 4 : 0;
}

static const char *number_text(const struct unit *unit, uint64_t at, unsigned width, struct arena *arena)
{
	const uint8_t *data = bytes_of(unit) + at;
	uint64_t value = 0;
	int64_t number;

	for (unsigned i = 0; i < width; i++)
		value = value << 8 | data[unit->object->arch->big_endian ? i : width - 1 - i];
	number = (int64_t)(value << (64 - 8 * width)) >> (64 - 8 * width);
	if (number > -1000000 && number < 1000000)
		return arena_printf(arena, "%" PRId64, number);
	return arena_printf(arena, "0x%" PRIx64, value);
}

// "text" when the whole datum is one; a number; else some bytes from AT on in memory order.
static const char *value_text(const struct unit *unit, uint64_t at, unsigned width, struct arena *arena)
{
	const uint8_t *data = bytes_of(unit);
	char text[3 * BYTES_SHOWN + 8];
	size_t length = 0;

	if (!data)
		return width ? "0" : "zero";
	if (is_text(data, unit->size))
		return quote(data, unit->size, arena);
	if (width)
		return number_text(unit, at / width * width, width, arena);
	text[0] = 0;
	for (uint64_t i = at; i < unit->size && i < at + BYTES_SHOWN; i++)
		length += (size_t)snprintf(text + length, sizeof(text) - length, "%s%02x", i > at ? " " : "",
					   data[i]);
	return arena_strdup(arena, text);
}

// Where in the datum: its field or element, where debug information tells, else the offset.
static const char *place_text(const struct unit *unit, uint64_t at, unsigned width, struct arena *arena)
{
	const char *field;

	if (width == unit->size || (bytes_of(unit) && is_text(bytes_of(unit), unit->size)))
		return "value";
	field = object_field(unit->object, unit->name, at, arena);
	return field ? arena_printf(arena, "value of %s", field)
		     : arena_printf(arena, "value at +0x%" PRIx64, width ? at / width * width : at);
}

static void set_declared(const struct unit *old, const struct unit *new_unit, struct change *change)
{
	unit_declared(new_unit, &change->file, &change->line);
	unit_declared(old, &change->old_file, &change->old_line);
}

static void explain_bytes(struct unit *old, struct unit *new_unit)
{
	const uint8_t *a = bytes_of(old), *b = bytes_of(new_unit);
	uint64_t size = old->size < new_unit->size ? old->size : new_unit->size;
	struct arena *arena = new_unit->object->arena;
	struct change change = {.kind = CHANGE_BYTES};
	unsigned width = number_width(new_unit);
	size_t reloc = 0;

	if (width != number_width(old))
		width = 0;
	for (uint64_t i = 0; i < size; i++) {
		if ((a ? a[i] : 0) == (b ? b[i] : 0) || is_relocated(new_unit, i, &reloc))
			continue;
		change.at_old = change.at_new = i;
		change.old = value_text(old, i, width, arena);
		change.new = value_text(new_unit, i, width, arena);
		change.text = arena_printf(arena, "%s: %s → %s", place_text(new_unit, i, width, arena),
					   change.old, change.new);
		set_declared(old, new_unit, &change);
		add_change(new_unit, &change);
		return;
	}
}

static void explain_pointers(struct unit *old, struct unit *new_unit)
{
	struct arena *arena = new_unit->object->arena;
	size_t i = 0, j = 0;

	while (i < old->reloc_count || j < new_unit->reloc_count) {
		const struct reloc *a = i < old->reloc_count ? &old->relocs[i] : NULL;
		const struct reloc *b = j < new_unit->reloc_count ? &new_unit->relocs[j] : NULL;
		uint64_t at_old = a ? a->offset - old->offset : UINT64_MAX;
		uint64_t at_new = b ? b->offset - new_unit->offset : UINT64_MAX;
		struct change change = {.kind = CHANGE_TARGET, .at_old = at_old, .at_new = at_new};

		if (at_old <= at_new) {
			change.old = reloc_text(old, a, arena);
			change.at_new = at_old;
			i++;
		}
		if (at_new <= at_old) {
			change.new = reloc_text(new_unit, b, arena);
			change.at_old = at_new;
			j++;
		}
		if (change.old && change.new && !strcmp(change.old, change.new))
			continue;
		change.text =
			arena_printf(arena, "pointer at +0x%" PRIx64 ": %s → %s", change.at_new,
				     change.old ? change.old : "none", change.new ? change.new : "none");
		set_declared(old, new_unit, &change);
		add_change(new_unit, &change);
		return;
	}
}

void explain_datum(struct unit *old, struct unit *new_unit)
{
	struct change *noted = new_unit->changes;
	size_t noted_count = new_unit->change_count;
	struct arena *arena = new_unit->object->arena;

	new_unit->changes = NULL;
	new_unit->change_count = 0;
	explain_bytes(old, new_unit);
	explain_pointers(old, new_unit);
	if (old->size != new_unit->size) {
		struct change change = {.kind = CHANGE_SIZE,
					.old = arena_printf(arena, "%" PRIu64, old->size),
					.new = arena_printf(arena, "%" PRIu64, new_unit->size)};

		change.text = arena_printf(arena, "size %s → %s", change.old, change.new);
		set_declared(old, new_unit, &change);
		add_change(new_unit, &change);
	}
	for (size_t i = 0; i < noted_count; i++)
		if (!new_unit->change_count || noted[i].kind > CHANGE_SIZE)
			add_change(new_unit, &noted[i]);
}
