// SPDX-License-Identifier: GPL-3.0-or-later
// The record of each replaced function: where it stands, the jump at its entry, its relocated prologue, and all
// stretches of old and new code that a thread may be found in.
#include <elf.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "create/padding.h"
#include "create/prologue.h"
#include "create/target.h"

typedef VEC(uint64_t) offsets;

enum { SHORT_FUNCTION = 9 }; // endbr64 and the jump

// Offsets in FUNCTION that relocations of its object mean, beside unwind and debug information.
static void collect_landings(const struct unit *function, offsets *landings)
{
	const struct object *object = function->object;

	for (size_t s = 1; s < object->section_count; s++) {
		const struct section *section = &object->sections[s];

		if (!(section->flags & SECTION_ALLOC) || section->role == ROLE_UNWIND ||
		    section->role == ROLE_NOTE)
			continue;
		for (size_t r = 0; r < section->reloc_count; r++)
			if (section->relocs[r].target == function)
				*vec_push(landings) = (uint64_t)section->relocs[r].target_offset;
	}
}

static struct payload_symbol *emit_prologue(struct target *target, struct member *member,
					    const struct prologue *prologue)
{
	struct payload_section *section =
		payload_get_section(target->payload, ".hp.prologue", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR);
	uint64_t start = payload_append(section, prologue->bytes, prologue->size, 16);
	struct payload_symbol *entry = old_entry(target, member);

	for (uint32_t i = 0; i < prologue->field_count; i++) {
		const struct prologue_field *field = &prologue->fields[i];

		payload_relocate(section, start + field->offset, R_X86_64_PC32, entry,
				 (int64_t)(field->target - member->old_vaddr) - 4 - field->tail);
	}
	return payload_add_symbol(target->payload,
				  arena_printf(target->arena, "hp.prologue.%s", member->unit->name), section,
				  start, prologue->size, ELF64_ST_INFO(STB_LOCAL, STT_FUNC));
}

static void add_part(struct target *target, uint32_t function, struct payload_symbol *symbol, uint64_t vaddr,
		     uint64_t size)
{
	*vec_push(&target->parts) =
		(struct hp_part){.function = function, .symbol = HP_NONE, .vaddr = vaddr, .size = size};
	*vec_push(&target->part_symbols) = symbol;
}

static bool make_prologue(struct target *target, struct member *member, const uint8_t *code, size_t size,
			  size_t room, struct prologue *prologue)
{
	offsets landings = {0};
	const char *reason;
	bool made;

	collect_landings(member->old, &landings);
	made = !prologue_build(target->decoder,
			       &(struct prologue_input){.code = code,
							.vaddr = member->old_vaddr,
							.size = size,
							.room = room,
							.landings = landings.at,
							.landing_count = landings.count},
			       prologue, &reason);
	free(landings.at);
	if (!made)
		refuse(target, member->unit, "too-small",
		       "has no room for the jump at its entry, because it %s; change its callers instead",
		       reason);
	return made;
}

static bool is_public_symbol(const struct symbol *symbol)
{
	return symbol->binding != BINDING_LOCAL && symbol->visibility == VISIBILITY_DEFAULT;
}

static bool is_public(const struct unit *unit)
{
	for (size_t i = 0; i < unit->symbol_count; i++)
		if (is_public_symbol(unit->symbols[i]))
			return true;
	return false;
}

// Of several names the one that other modules know; `f__internal_alias` is for the library's own use.
static const char *public_name(const struct unit *unit)
{
	for (size_t i = 0; i < unit->symbol_count; i++)
		if (is_public_symbol(unit->symbols[i]))
			return unit->symbols[i]->name;
	return unit->name;
}

static bool has_name(const struct unit *unit, const char *name)
{
	for (size_t i = 0; i < unit->symbol_count; i++) {
		const char *own = unit->symbols[i]->name;
		size_t length = strcspn(own, "@"); // name@VERSION, as .symver writes it

		if (strlen(name) == length && !strncmp(own, name, length))
			return true;
	}
	return false;
}

// Linkers can fold functions of equal code into one (--icf): a jump there would change all of them.
static void check_folded(struct target *target, const struct member *member)
{
	const struct image_symbol *const *all;
	size_t count;

	all = image_symbols_at(target->image, member->old_vaddr, &count);
	for (size_t i = 0; i < count; i++)
		if (all[i]->kind == SYMBOL_FUNCTION && !has_name(member->old, all[i]->name)) {
			refuse(target, member->unit, "symbol-ambiguous",
			       "shares its code in the image with `%s`, which would change too; link without "
			       "folding (--icf=none)",
			       all[i]->name);
			return;
		}
}

// What -fpatchable-function-entry put around the entry, where the object says that it did.
static void describe_pads(const struct unit *old, const uint8_t *code, const struct image *image,
			  uint64_t vaddr, struct hp_function *function)
{
	const uint8_t *before = old->offset ? image_bytes(image, vaddr - old->offset, old->offset) : NULL;
	bool patchable = false;

	for (size_t i = 1; i < old->object->section_count; i++)
		patchable |= !strcmp(old->object->sections[i].name, "__patchable_function_entries");
	if (!patchable)
		return;
	while (before && function->pad_before < old->offset &&
	       before[old->offset - 1 - function->pad_before] == 0x90)
		function->pad_before++;
	while (function->jump_offset + function->pad_after < old->size &&
	       code[function->jump_offset + function->pad_after] == 0x90)
		function->pad_after++;
}

static void describe_function(struct target *target, struct member *member)
{
	const struct unit *old = member->old;
	uint64_t size = unit_image_size(target, old);
	uint64_t room = size + (size < SHORT_FUNCTION ? proven_padding(target, old, member->old_vaddr) : 0);
	const uint8_t *code = image_bytes(target->image, member->old_vaddr, room);
	struct hp_function *function;
	struct prologue prologue;
	struct payload_symbol *moved;

	if (!code) {
		refuse(target, member->unit, "malformed-object", "image does not hold the function's bytes");
		return;
	}
	if (!make_prologue(target, member, code, size, room, &prologue))
		return;
	moved = emit_prologue(target, member, &prologue);
	member->function = (uint32_t)target->functions.count;
	*vec_push(&target->replaced) = member;
	*vec_push(&target->prologues) = moved;
	function = vec_push(&target->functions);
	*function = (struct hp_function){
		.name = public_name(old),
		.object = old->object->path,
		.vaddr = member->old_vaddr,
		.old_size = size,
		.jump_offset = prologue.jump_offset,
		.jump_size = prologue.jump_size,
		.flags = prologue.endbr ? HP_FUNCTION_ENDBR : 0,
	};
	describe_pads(old, code, target->image, member->old_vaddr, function);
	check_folded(target, member);
	if (is_public(old))
		function->flags |= HP_FUNCTION_GLOBAL;
	crypto_hash_sha256(function->old_hash, code, size);
	memcpy(function->old_bytes, code, size < HP_OLD_BYTES_MAX ? size : HP_OLD_BYTES_MAX);
	add_part(target, member->function, NULL, member->old_vaddr, size);
	for (size_t i = 0; i < old->part_count; i++) {
		uint64_t vaddr;

		if (old->parts[i]->kind == UNIT_FUNCTION && unit_in_image(target, old->parts[i], &vaddr))
			add_part(target, member->function, NULL, vaddr,
				 unit_image_size(target, old->parts[i]));
	}
}

void describe_functions(struct target *target)
{
	for (size_t i = 0; i < target->members.count; i++)
		if (target->members.at[i]->root == target->members.at[i])
			describe_function(target, target->members.at[i]);
	for (size_t i = 0; i < target->members.count; i++) {
		struct member *member = target->members.at[i];

		if (member->unit->kind == UNIT_FUNCTION && member->root)
			add_part(target, member->root->function, member->symbol, 0, member->unit->size);
	}
}
