// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * References without a relocation. Where functions share a section the assembler resolves calls among them itself:
 *	f: call g	e8 0b 00 00 00
 * and the distance changes whenever something between the two does. The distance is read back from the instructions
 * and becomes a relocation like the others, marked as implied.
 */
#include "diff/model.h"

#include <stdlib.h>
#include <string.h>

typedef VEC(struct reloc) reloc_list;

static bool has_reloc(const struct unit *unit, uint64_t offset, size_t *next)
{
	while (*next < unit->reloc_count && unit->relocs[*next].offset < offset)
		(*next)++;
	return *next < unit->reloc_count && unit->relocs[*next].offset == offset;
}

// The symbol that says where in SECTION something without a name is, or NULL.
static struct symbol *place_symbol(const struct object *object, const struct section *section)
{
	for (size_t i = 1; i < object->symbol_count; i++)
		if (object->symbols[i].kind == SYMBOL_SECTION && object->symbols[i].section == section)
			return &object->symbols[i];
	return NULL;
}

// A pool of literals behind the code, which `ldr x0, =number` reads, has no symbol.
static void add_implied(struct unit *unit, uint64_t at, const struct code_distance *distance,
			struct symbol *unnamed, reloc_list *found)
{
	const struct object *object = unit->object;
	struct section *section = unit->section;
	uint64_t meant = at + (uint64_t)distance->distance;
	struct unit *target = section_unit_at(section, meant);
	struct reloc reloc = {.offset = at + distance->field, .implied = true, .loads = distance->loads};
	int64_t bias = 0;

	if (!target || target == unit || (!target->symbol_count && !unnamed))
		return;
	reloc.info = arch_reloc(object->arch, distance->type);
	if (!reloc.info)
		return;
	reloc.symbol = target->symbol_count ? target->symbols[0] : unnamed;
	if (object->arch->pc_bias)
		bias = object->arch->pc_bias(section->data + reloc.offset, reloc.offset, reloc.info);
	reloc.addend = (int64_t)(meant - reloc.symbol->value) - bias;
	*vec_push(found) = reloc;
}

static void read_function(struct unit *unit, struct symbol *unnamed, reloc_list *found)
{
	const uint8_t *code = unit->section->data;
	uint64_t end = unit->offset + unit->size;
	size_t next = 0;

	for (uint64_t at = unit->offset; at < end;) {
		struct code_distance distance;

		if (!unit->object->arch->distance(code + at, end - at, &distance))
			return;
		if (distance.type && !has_reloc(unit, at + distance.field, &next))
			add_implied(unit, at, &distance, unnamed, found);
		at += distance.length;
	}
}

static void merge(struct object *object, struct section *section, const reloc_list *found)
{
	struct reloc *merged =
		arena_array(object->arena, section->reloc_count + found->count, sizeof(*merged));
	size_t i = 0, k = 0, out = 0;

	while (i < section->reloc_count || k < found->count)
		merged[out++] = k == found->count || (i < section->reloc_count &&
						      section->relocs[i].offset <= found->at[k].offset)
					? section->relocs[i++]
					: found->at[k++];
	section->relocs = merged;
	section->reloc_count = out;
}

void recover_references(struct object *object)
{
	if (!object->arch->distance)
		return;
	for (size_t i = 1; i < object->section_count; i++) {
		struct section *section = &object->sections[i];
		struct symbol *unnamed = NULL;
		reloc_list found = {0};

		if (!section_is_code(section) || section->unit_count < 2 || !section->data)
			continue;
		for (size_t k = 0; k < section->unit_count && !unnamed; k++)
			if (section->units[k]->kind == UNIT_ANONYMOUS)
				unnamed = place_symbol(object, section);
		for (size_t k = 0; k < section->unit_count; k++)
			if (section->units[k]->kind == UNIT_FUNCTION ||
			    section->units[k]->kind == UNIT_ANONYMOUS)
				read_function(section->units[k], unnamed, &found);
		if (found.count)
			merge(object, section, &found);
		free(found.at);
	}
}
