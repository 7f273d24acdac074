// SPDX-License-Identifier: GPL-3.0-or-later
// Padding behind a short function, proven from the object's sections, never by its look alone: linkers keep the
// order of one object's sections of one kind (ld's default script: `*(.text .stub .text.*)`, and before it the
// unlikely, exit, startup and hot ones), so what lies between two neighbours that are both matched is alignment.
#include "create/padding.h"

#include <string.h>

static const char *const kinds[] = {".text.unlikely.", ".text.exit.", ".text.startup.", ".text.hot.",
				    ".text."};

// Which of the linker's patterns takes a section of that name; ARRAY_SIZE(kinds) for none.
static size_t kind_of(const char *name)
{
	size_t i = 0;

	while (i < ARRAY_SIZE(kinds) && strncmp(name, kinds[i], strlen(kinds[i])) != 0)
		i++;
	return i;
}

static bool alone(const struct unit *unit)
{
	return unit->section->unit_count == 1 && !unit->offset && unit->size == unit->section->size;
}

// The next section of the object that the linker kept, if it is a function and its place is proven.
static const struct unit *neighbour(const struct target *target, const struct unit *unit, uint64_t *vaddr)
{
	const struct object *object = unit->object;
	size_t kind = kind_of(unit->section->name);

	for (size_t i = unit->section->index + 1; kind < ARRAY_SIZE(kinds) && i < object->section_count;
	     i++) {
		const struct section *section = &object->sections[i];

		if (section->role != ROLE_CODE || !section->size || kind_of(section->name) != kind)
			continue;
		if (section->unit_count != 1 || section->units[0]->offset)
			return NULL;
		switch (unit_presence(target, section->units[0], vaddr)) {
		case PRESENCE_PROVEN:
			return section->units[0];
		case PRESENCE_ABSENT:
			break;
		case PRESENCE_UNPROVEN:
			return NULL;
		}
	}
	return NULL;
}

// Fill that linkers write: nop, its long forms, int3.
static bool is_fill(const struct target *target, const uint8_t *bytes, uint64_t size)
{
	struct instruction insn;

	for (uint64_t at = 0; at < size; at += insn.length) {
		if (!decode(target->decoder, bytes + at, size - at, at, &insn))
			return false;
		if (bytes[at] != 0xcc && bytes[at + insn.prefixes] != 0x90 &&
		    (bytes[at + insn.prefixes] != 0x0f || bytes[at + insn.prefixes + 1] != 0x1f))
			return false;
	}
	return true;
}

static bool is_named(const struct target *target, uint64_t from, uint64_t to)
{
	size_t count = 0;

	for (; from < to && !count; from++)
		image_symbols_at(target->image, from, &count);
	return count > 0;
}

uint64_t proven_padding(const struct target *target, const struct unit *unit, uint64_t vaddr)
{
	uint64_t size = unit_image_size(target, unit), end = vaddr + size, next = 0, align;
	const struct unit *behind;
	const uint8_t *bytes;

	// With --running the sections that were linked are others.
	if (!alone(unit) || target->linked_otherwise)
		return 0;
	behind = neighbour(target, unit, &next);
	if (!behind || next <= end)
		return 0;
	align = behind->section->align ? behind->section->align : 1;
	bytes = image_bytes(target->image, end, next - end);
	if (next != (end + align - 1) / align * align || !bytes || is_named(target, end, next) ||
	    !is_fill(target, bytes, next - end))
		return 0;
	return next - end;
}
