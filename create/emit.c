// SPDX-License-Identifier: GPL-3.0-or-later
// Lays the members out in the payload's sections, as the compiler made them, and their unwind information.
#include <elf.h>
#include <sodium.h>
#include <string.h>

#include "create/kernel-target.h"

static uint64_t section_flags(const struct section *section)
{
	uint64_t flags = SHF_ALLOC;

	// What only the dynamic linker writes is complete when it is mapped: read-only for the program.
	if ((section->flags & SECTION_WRITE) && !(section->flags & SECTION_RELRO))
		flags |= SHF_WRITE;
	if (section->flags & SECTION_EXEC)
		flags |= SHF_EXECINSTR;
	return flags;
}

// The alignment that UNIT has because of where its section put it.
static uint64_t unit_align(const struct unit *unit)
{
	uint64_t align = unit->section->align ? unit->section->align : 1;

	if (unit->offset && (unit->offset & -unit->offset) < align)
		align = unit->offset & -unit->offset;
	return align;
}

// In a kernel module a global would be one with the kernel's own, which may be exported.
static uint8_t symbol_info(const struct target *target, const struct unit *unit)
{
	unsigned type = unit->kind == UNIT_FUNCTION ? STT_FUNC : STT_OBJECT, binding = STB_LOCAL;

	if (target->image->kernel)
		return (uint8_t)ELF64_ST_INFO(STB_LOCAL, type);
	if (unit->symbol_count && unit->symbols[0]->binding == BINDING_GLOBAL)
		binding = STB_GLOBAL;
	else if (unit->symbol_count && unit->symbols[0]->binding == BINDING_WEAK)
		binding = STB_WEAK;
	return (uint8_t)ELF64_ST_INFO(binding, type);
}

// A static local is `name.N` in ELF; its number differs from build to build.
static const char *base_name(struct arena *arena, const char *name)
{
	const char *dot = strrchr(name, '.');

	if (!dot || dot == name || !dot[1] || strspn(dot + 1, "0123456789") != strlen(dot + 1))
		return name;
	return arena_strndup(arena, name, (size_t)(dot - name));
}

static void describe_state(struct target *target, struct member *member)
{
	const struct unit *unit = member->unit, *owner = member->referrer;
	struct state *state = vec_push(&target->states);
	const char *name = base_name(target->arena, unit->name);
	uint8_t *initial = arena_alloc(target->arena, unit->size ? unit->size : 1);

	if (unit->section->data)
		memcpy(initial, unit->section->data + unit->offset, unit->size);
	for (size_t i = 0; i < unit->reloc_count; i++) {
		uint64_t at = unit->relocs[i].offset - unit->offset, size = unit->relocs[i].info->size;

		if (at < unit->size) // a field may reach over the end of a variable that is too short for it
			memset(initial + at, 0, size < unit->size - at ? size : unit->size - at);
	}
	*state = (struct state){.member = member,
				.record = {.object = unit->object->path,
					   .owner = name != unit->name && owner ? owner->name : NULL,
					   .name = name,
					   .size = unit->size,
					   .align = unit_align(unit)}};
	crypto_hash_sha256(state->record.initial_hash, initial, unit->size);
}

// A distance that the assembler resolved becomes a relocation like the others, whose fields are zero.
static const uint8_t *bytes_without_distances(struct target *target, const struct unit *unit)
{
	const uint8_t *bytes = unit->section->data ? unit->section->data + unit->offset : NULL;
	uint8_t *copy = NULL;

	for (size_t i = 0; i < unit->reloc_count && bytes; i++) {
		if (!unit->relocs[i].implied)
			continue;
		if (!copy)
			bytes = copy = memcpy(arena_alloc(target->arena, unit->size), bytes, unit->size);
		memset(copy + (unit->relocs[i].offset - unit->offset), 0, unit->relocs[i].info->size);
	}
	return bytes;
}

static void emit_member(struct target *target, struct member *member)
{
	struct unit *unit = member->unit;
	struct section *from = unit->section;
	uint32_t type = from->flags & SECTION_ZERO ? SHT_NOBITS : SHT_PROGBITS;
	uint64_t flags = section_flags(from);

	member->section = unit->kind == UNIT_FUNCTION
				  ? payload_add_section(target->payload, from->name, type, flags)
				  : payload_get_section(target->payload, from->name, type, flags);
	member->offset = payload_append(member->section, bytes_without_distances(target, unit), unit->size,
					unit_align(unit));
	if (unit->kind == UNIT_FUNCTION || unit->kind == UNIT_DATUM)
		member->symbol = payload_add_symbol(target->payload, unit->name, member->section,
						    member->offset, unit->size, symbol_info(target, unit));
	else
		member->symbol = payload_section_symbol(target->payload, member->section);
	if (unit->kind == UNIT_ENTRY)
		kernel_emit_beside(target, member);
	else if (flags & SHF_WRITE && !unit->constant)
		describe_state(target, member);
}

/*
 * An applier finds storage again by object, owner and name: two of one identity would become one variable.
 *	if (a) { static int count; ... } else { static int count; ... }
 */
static void refuse_alike(struct target *target)
{
	struct strmap *seen = strmap_new();

	for (size_t i = 0; i < target->states.count; i++) {
		const struct state *state = &target->states.at[i];
		void **place =
			strmap_put(seen, arena_printf(target->arena, "%s\n%s\n%s", state->record.object,
						      state->record.owner ? state->record.owner : "",
						      state->record.name));

		if (*place)
			refuse(target, state->member->unit, "static-uncorrelated",
			       "is new, and so is another variable of that name; which is which could not be "
			       "told "
			       "later; give each a name of its own");
		*place = target;
	}
	strmap_free(seen);
}

void emit_members(struct target *target)
{
	for (size_t i = 0; i < target->members.count; i++)
		emit_member(target, target->members.at[i]);
	// A livepatch module has storage of its own, which no later one looks for.
	if (!target->image->kernel)
		refuse_alike(target);
}

// ---- unwind information --------------------------------------------------------------------------------------
// .eh_frame is a run of records: length, id (0: a CIE; else an FDE, whose CIE starts that far before the id field),
// then for an FDE the distance to its code, the code's length, augmentation and instructions (LSB core, 10.6).
// Records follow each other without gaps: four zero bytes between two would end the section for every reader.

static uint32_t word_at(const struct section *section, uint64_t offset)
{
	uint32_t value = 0;

	if (section->data && section->size >= 4 && offset <= section->size - 4)
		memcpy(&value, section->data + offset, 4);
	return value;
}

static const struct reloc *reloc_at(const struct section *section, uint64_t offset)
{
	size_t low = 0, high = section->reloc_count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (section->relocs[middle].offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low < section->reloc_count && section->relocs[low].offset == offset ? &section->relocs[low]
										   : NULL;
}

static bool has_relocs(const struct section *section, uint64_t from, uint64_t to)
{
	for (uint64_t at = from; at < to; at++)
		if (reloc_at(section, at))
			return true;
	return false;
}

// Records follow each other without a gap: a word of zeroes between them would end the table for its readers. What a
// record lacks to a multiple of four is filled within it (zero is DW_CFA_nop).
static uint64_t append_record(struct payload_section *to, const uint8_t *record, uint64_t length)
{
	static const uint8_t fill[4];
	uint64_t place = payload_append(to, record, length, 4);
	uint32_t rest;

	payload_append(to, fill, -length & 3, 1);
	rest = (uint32_t)(to->size - place - 4);
	memcpy(to->bytes.at + place, &rest, 4);
	return place;
}

// The CIE's place in the payload; each is copied once.
static bool emit_cie(struct payload_section *to, struct intmap *copied, const struct section *from,
		     uint64_t offset, uint64_t *place)
{
	uint64_t length = (uint64_t)word_at(from, offset) + 4;
	void **known;

	if (length < 12 || length > from->size - offset || word_at(from, offset + 4) ||
	    has_relocs(from, offset, offset + length))
		return false;
	// Objects bring the same CIE again and again: known by its bytes.
	known = intmap_put(copied, hash_bytes(from->data + offset, length, 0));
	if (!*known)
		*known = (void *)(uintptr_t)(append_record(to, from->data + offset, length) + 1);
	*place = (uintptr_t)*known - 1;
	// Equal hashes of unequal records: as good as impossible, and then not copied.
	return to->bytes.count - *place >= length &&
	       !memcmp(to->bytes.at + *place + 4, from->data + offset + 4, length - 4);
}

static bool emit_fde(struct payload_section *to, struct intmap *copied, struct member *member,
		     const struct section *from, uint64_t offset)
{
	uint64_t length = (uint64_t)word_at(from, offset) + 4, back = word_at(from, offset + 4), cie, place;
	const struct reloc *start = reloc_at(from, offset + 8);
	uint32_t distance;

	if (back > offset + 4 || has_relocs(from, offset + 9, offset + length) ||
	    start->info->type != R_X86_64_PC32 || !emit_cie(to, copied, from, offset + 4 - back, &cie))
		return false;
	place = append_record(to, from->data + offset, length);
	distance = (uint32_t)(place + 4 - cie);
	memcpy(to->bytes.at + place + 4, &distance, 4);
	payload_relocate(to, place + 8, R_X86_64_PC32, member->symbol, reloc_distance(start, member->unit));
	return true;
}

static void emit_unwind_of(struct target *target, const struct section *from, struct intmap *copied)
{
	uint64_t length;

	for (uint64_t at = 0; from->size >= 12 && at <= from->size - 12; at += length) {
		const struct reloc *start = reloc_at(from, at + 8);
		struct member *member;

		length = (uint64_t)word_at(from, at) + 4;
		if (length == 4 || length > from->size - at)
			return;
		if (!word_at(from, at + 4) || !start || !start->target)
			continue;
		member = member_find(target, start->target);
		if (!member || start->target->kind != UNIT_FUNCTION)
			continue;
		if (!emit_fde(payload_get_section(target->payload, ".eh_frame", SHT_PROGBITS, SHF_ALLOC),
			      copied, member, from, at))
			refuse(target, member->unit, "exception-tables",
			       "has a language-specific data area or unwind information of another "
			       "kind; "
			       "build it without exceptions");
	}
}

void emit_unwind(struct target *target)
{
	struct intmap *copied = intmap_new();

	for (size_t i = 0; i < target->pieces.count; i++) {
		struct object *object = target->pieces.at[i].new;

		for (size_t s = 1; s < object->section_count; s++)
			if (object->sections[s].role == ROLE_UNWIND)
				emit_unwind_of(target, &object->sections[s], copied);
	}
	intmap_free(copied);
}
