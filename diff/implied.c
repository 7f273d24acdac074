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

struct distance { // a PC-relative field of an instruction
	uint64_t field, target;
	unsigned size;
	bool branch;
};

// 70-7f jcc, e3 jrcxz, eb jmp with 8 bits, which the machine's table of shapes leaves out.
static bool short_branch(const uint8_t *code, const struct code_shape *shape)
{
	return shape->length == 2 && ((code[0] & 0xf0) == 0x70 || code[0] == 0xeb || code[0] == 0xe3);
}

static bool find_distance(const uint8_t *code, uint64_t at, const struct code_shape *shape,
			  struct distance *found)
{
	int32_t distance;

	if (shape->pc_field) {
		memcpy(&distance, code + at + shape->pc_field, 4);
		*found = (struct distance){.field = at + shape->pc_field, .size = 4, .branch = shape->branch};
	} else if (short_branch(code + at, shape)) {
		distance = (int8_t)code[at + 1];
		*found = (struct distance){.field = at + 1, .size = 1, .branch = true};
	} else {
		return false;
	}
	found->target = at + shape->length + (uint64_t)(int64_t)distance;
	return true;
}

static const struct reloc_info *info_for(const struct arch *arch, const struct distance *distance)
{
	enum reloc_kind kind = distance->branch && distance->size == 4 ? RELOC_CALL : RELOC_RELATIVE;

	for (size_t i = 0; i < arch->reloc_count; i++)
		if (arch->relocs[i].kind == kind && arch->relocs[i].size == distance->size)
			return &arch->relocs[i];
	return NULL;
}

static bool has_reloc(const struct unit *unit, uint64_t offset, size_t *next)
{
	while (*next < unit->reloc_count && unit->relocs[*next].offset < offset)
		(*next)++;
	return *next < unit->reloc_count && unit->relocs[*next].offset == offset;
}

static void add_implied(struct unit *unit, const struct distance *distance, reloc_list *found)
{
	const struct object *object = unit->object;
	struct section *section = unit->section;
	struct unit *target = section_unit_at(section, distance->target);
	struct reloc reloc = {.offset = distance->field, .implied = true};
	int64_t bias;

	if (!target || target == unit || !target->symbol_count)
		return;
	reloc.info = info_for(object->arch, distance);
	if (!reloc.info)
		return;
	reloc.symbol = target->symbols[0];
	bias = object->arch->pc_bias(section->data + reloc.offset, reloc.offset, reloc.info);
	reloc.addend = (int64_t)(distance->target - reloc.symbol->value) - bias;
	*vec_push(found) = reloc;
}

static void read_function(struct unit *unit, const struct arch_link *machine, reloc_list *found)
{
	const uint8_t *code = unit->section->data;
	uint64_t end = unit->offset + unit->size;
	size_t next = 0;

	for (uint64_t at = unit->offset; at < end;) {
		struct code_shape shape;
		struct distance distance;

		if (!machine->shape(code + at, end - at, &shape) || !shape.length)
			return;
		if (find_distance(code, at, &shape, &distance) && !has_reloc(unit, distance.field, &next))
			add_implied(unit, &distance, found);
		at += shape.length;
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
	const struct arch_link *machine = arch_link(object->arch);

	if (!machine || !machine->shape || !object->arch->pc_bias)
		return;
	for (size_t i = 1; i < object->section_count; i++) {
		struct section *section = &object->sections[i];
		reloc_list found = {0};

		if (!section_is_code(section) || section->unit_count < 2 || !section->data)
			continue;
		for (size_t k = 0; k < section->unit_count; k++)
			if (section->units[k]->kind == UNIT_FUNCTION)
				read_function(section->units[k], machine, &found);
		if (found.count)
			merge(object, section, &found);
		free(found.at);
	}
}
