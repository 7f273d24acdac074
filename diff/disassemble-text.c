// SPDX-License-Identifier: GPL-3.0-or-later
// How the targets of relocations are written for people.
#include "diff/disassemble.h"
#include "diff/model.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 60 // characters of a string literal that are shown

// Puts the first character of DATA at *TO, moves *TO behind it, and tells how many bytes it took.
static size_t put_character(char **to, const uint8_t *data, size_t size)
{
	static const char plain[] = "\"\"\\\\\nn\tt\rr";
	size_t length = text_character(data, size);

	for (size_t i = 0; plain[i]; i += 2)
		if (*data == (uint8_t)plain[i]) {
			*to += sprintf(*to, "\\%c", plain[i + 1]);
			return 1;
		}
	if (!length) {
		*to += sprintf(*to, "\\x%02x", *data);
		return 1;
	}
	memcpy(*to, data, length);
	*to += length;
	return length;
}

const char *quote(const uint8_t *data, size_t size, struct arena *arena)
{
	char text[TEXT_MAX * 4 + 16], *to = text;

	*to++ = '"';
	for (size_t i = 0; i < size && data[i];) {
		if (i >= TEXT_MAX) {
			to += sprintf(to, "...");
			break;
		}
		i += put_character(&to, data + i, size - i);
	}
	*to++ = '"';
	return arena_strndup(arena, text, (size_t)(to - text));
}

const char *literal_text(const struct unit *unit, int64_t offset, struct arena *arena)
{
	if (!unit->section->data || !(unit->section->flags & SECTION_STRINGS) ||
	    unit->section->entry_size > 1 || offset < 0 || (uint64_t)offset >= unit->size)
		return NULL;
	return quote(unit->section->data + unit->offset + offset, unit->size - (uint64_t)offset, arena);
}

size_t text_before_zeros(const uint8_t *data, size_t size)
{
	size_t end = 0, length;

	for (; end < size && data[end]; end += length) {
		length = strchr("\n\t\r", data[end]) ? 1 : text_character(data + end, size - end);
		if (!length)
			return 0;
	}
	for (size_t i = end; i < size; i++)
		if (data[i])
			return 0;
	return end < size ? end : 0;
}

// Without optimisation GCC puts strings where nothing tells that they are some.
static bool looks_like_text(const struct unit *unit)
{
	const uint8_t *data = unit->section->data ? unit->section->data + unit->offset : NULL;

	return data && !unit->reloc_count && !(unit->section->flags & SECTION_WRITE) &&
	       text_before_zeros(data, unit->size) >= 2;
}

static const char *constant_text(const struct unit *unit, struct arena *arena)
{
	const uint8_t *data = unit->section->data;
	char text[2 * 16 + 1];
	size_t size = unit->size;

	if (!data || !size || size > 16)
		return arena_printf(arena, "constant of %" PRIu64 " bytes", unit->size);
	for (size_t i = 0; i < size; i++) {
		size_t at = unit->object->arch->big_endian ? i : size - 1 - i;

		sprintf(text + 2 * i, "%02x", data[unit->offset + at]);
	}
	return arena_printf(arena, "constant 0x%s", text);
}

static const char *with_offset(const char *name, int64_t offset, struct arena *arena)
{
	if (!offset)
		return name;
	if (offset < 0)
		return arena_printf(arena, "%s-0x%" PRIx64, name, -(uint64_t)offset);
	return arena_printf(arena, "%s+0x%" PRIx64, name, (uint64_t)offset);
}

// A matched unit has one name on both sides, so that a renumbered clone or static local makes no difference.
static const char *common_name(const struct unit *unit)
{
	return unit->match && strcmp(unit->match->name, unit->name) < 0 ? unit->match->name : unit->name;
}

// What is loaded from a pool of literals, as the assembler's language has it: ldr x0, =0x1122334455667788; ldr x0, =name.
static const char *loaded_text(const struct unit *from, const struct reloc *reloc, struct arena *arena)
{
	const struct unit *pool = reloc->target;
	uint64_t number = 0, at = pool->offset + (uint64_t)reloc->target_offset;

	if (!reloc->loads || reloc->loads > 8 || pool->kind != UNIT_ANONYMOUS || !pool->section->data ||
	    reloc->target_offset < 0 || (uint64_t)reloc->target_offset + reloc->loads > pool->size)
		return NULL;
	for (size_t i = 0; i < pool->reloc_count; i++)
		if (pool->relocs[i].offset == at && !pool->relocs[i].loads)
			return arena_printf(arena, "=%s", reloc_text(from, &pool->relocs[i], arena));
	for (unsigned i = 0; i < reloc->loads; i++)
		number = number << 8 |
			 pool->section
				 ->data[at + (pool->object->arch->big_endian ? i : reloc->loads - 1u - i)];
	return arena_printf(arena, "=0x%" PRIx64, number);
}

const char *reloc_text(const struct unit *from, const struct reloc *reloc, struct arena *arena)
{
	const struct unit *target = reloc->target;
	const char *text;

	if (!target)
		return with_offset(*reloc->symbol->name ? reloc->symbol->name : "absolute",
				   reloc->target_offset, arena);
	if ((text = loaded_text(from, reloc, arena)))
		return text;
	if (target == from && reloc->target_offset)
		return with_offset(".", reloc->target_offset, arena);
	if ((text = literal_text(target, reloc->target_offset, arena)))
		return text;
	if (target->kind != UNIT_FUNCTION && (!*target->name || name_is_text(target->name)) &&
	    !reloc->target_offset && looks_like_text(target))
		return quote(target->section->data + target->offset, target->size, arena);
	if (target->kind == UNIT_LITERAL)
		return with_offset(constant_text(target, arena), reloc->target_offset, arena);
	if (*target->name)
		return with_offset(common_name(target), reloc->target_offset, arena);
	if (!strcmp(target->section->name, ".toc") && target->reloc_count == 1) // ppc64: what its entry holds
		return reloc_text(from, target->relocs, arena);
	if (target->reloc_count)
		return with_offset("jump table", reloc->target_offset, arena);
	return with_offset(constant_text(target, arena), reloc->target_offset, arena);
}
