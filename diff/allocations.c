// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Which functions allocate things of a size: for messages about structures whose layout differs. An allocator is whose
 * name says so; the size is a constant that is moved shortly before the call:
 *
 *	mov $0xb0,%edi; call malloc		malloc(sizeof(struct session))
 *
 * Only names for people; check-offsets.c alone decides something by what an allocator is.
 */
#include "diff/model.h"

#include <string.h>

enum { CODE_BEFORE = 48, NAMED_MAX = 3 };

bool name_is_allocator(const char *name)
{
	return strstr(name, "alloc") || strstr(name, "Alloc") || !strcmp(name, "_Znwm");
}

static bool passes_size(const struct unit *unit, uint64_t call, uint64_t size)
{
	const struct arch *arch = unit->object->arch;
	const uint8_t *code = unit->section->data + unit->offset;
	struct code_immediate found;

	for (uint64_t at = call > CODE_BEFORE ? call - CODE_BEFORE : 0; at < call; at++)
		if (arch->immediate_at(code, unit->size, at, &found) && (uint64_t)found.value == size)
			return true;
	return false;
}

static bool allocates(const struct unit *unit, uint64_t size)
{
	for (size_t i = 0; i < unit->reloc_count; i++) {
		const struct reloc *reloc = &unit->relocs[i];

		if (reloc->info->kind == RELOC_CALL && name_is_allocator(reloc->symbol->name) &&
		    passes_size(unit, reloc->offset - unit->offset, size))
			return true;
	}
	return false;
}

const char *object_allocators(const struct object *object, uint64_t size, struct arena *arena)
{
	const char *names = NULL;
	size_t count = 0;

	if (!object->arch->immediate_at || !size)
		return NULL;
	for (size_t i = 0; i < object->unit_count; i++) {
		const struct unit *unit = &object->units[i];

		if (unit->kind != UNIT_FUNCTION || !unit->section->data || !allocates(unit, size))
			continue;
		if (count++ < NAMED_MAX)
			names = arena_printf(arena, "%s%s%s", names ? names : "", names ? ", " : "",
					     unit->name);
	}
	return count > NAMED_MAX ? arena_printf(arena, "%s and %zu more", names, count - NAMED_MAX) : names;
}
