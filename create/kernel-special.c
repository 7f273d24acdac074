// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Tables whose entries point into functions (arch_special). Only those of functions that travel come along; each is a member
 * of its own, its size told by the object's own relocations. One table has no relocations at all: .orc_unwind, whose n-th
 * record describes the place that the n-th word of .orc_unwind_ip names (tools/objtool/orc_gen.c).
 */
#include <elf.h>
#include <string.h>

#include "create/kernel-target.h"

static bool is_section(const struct unit *unit, const char *name)
{
	return unit->section && !strcmp(unit->section->name, name);
}

bool kernel_entry_travels(const struct unit *entry)
{
	return entry->kind == UNIT_ENTRY && entry->section->role == ROLE_SPECIAL &&
	       entry->section->flags & SECTION_ALLOC && entry->section->special &&
	       !entry->section->special->dropped;
}

static const struct section *section_named(const struct object *object, const char *name)
{
	for (size_t i = 1; i < object->section_count; i++)
		if (!strcmp(object->sections[i].name, name))
			return &object->sections[i];
	return NULL;
}

void kernel_emit_beside(struct target *target, const struct member *member)
{
	const struct unit *entry = member->unit;
	const struct section *records;
	struct payload_section *to;
	uint64_t size, at;

	if (!is_section(entry, ".orc_unwind_ip"))
		return;
	records = section_named(entry->object, ".orc_unwind");
	size = records ? records->size / (entry->section->size / entry->size) : 0;
	at = entry->offset / entry->size * size;
	if (!records || !records->data || !size ||
	    size * (entry->section->size / entry->size) != records->size || records->reloc_count) {
		refuse(target, entry->owner, "special-unsupported",
		       "has unwind information (.orc_unwind) in an unknown form; build it with the kernel's "
		       "own "
		       "objtool");
		return;
	}
	to = payload_get_section(target->payload, ".orc_unwind", SHT_PROGBITS, SHF_ALLOC);
	payload_append(to, records->data + at, size, records->align > 1 ? 2 : 1);
}

// ---- what cannot be brought along ----------------------------------------------------------------------------------

static bool is_key(const struct unit *entry, size_t reloc)
{
	// struct jump_entry: code, target, key; struct static_call_site: address, key
	return (is_section(entry, "__jump_table") && reloc == 2) ||
	       (is_section(entry, ".static_call_sites") && reloc == 1);
}

// The kernel looks at these tables before it resolves a module's own symbols in a livepatch (kernel/livepatch/core.c).
static void check_key(struct target *target, const struct unit *entry, const struct reloc *reloc)
{
	struct reference reference;
	struct member *member = member_find(target, entry);

	if (target->image->kind != HP_TARGET_LINUX_MODULE || !member)
		return;
	reference = classify_reference(target, member, reloc);
	if (reference.in_image && !kernel_imports(target->image, reference.vaddr))
		refuse(target, entry->owner, "special-unsupported",
		       "switches at `%s`, a key of the module itself, which a livepatch cannot name early "
		       "enough; "
		       "leave that branch to a function that does not change",
		       reference.unit && *reference.unit->name ? reference.unit->name : reference.name);
}

// A table of several entries that could not be taken apart brings another function's along.
static void check_shape(struct target *target, const struct unit *entry)
{
	const struct unit *first = NULL;

	for (size_t i = 0; i < entry->reloc_count; i++) {
		const struct unit *unit = entry->relocs[i].target;

		if (!unit || unit->kind != UNIT_FUNCTION)
			continue;
		if (unit->owner)
			unit = unit->owner;
		if (first && first != unit) {
			refuse(target, entry->owner, "special-unsupported",
			       "shares entries of %s with `%s` that cannot be told apart; its layout is not "
			       "understood",
			       entry->section->name, unit->name);
			return;
		}
		first = unit;
	}
}

void kernel_check_entries(struct target *target)
{
	for (size_t i = 0; i < target->members.count; i++) {
		const struct unit *entry = target->members.at[i]->unit;

		if (entry->kind != UNIT_ENTRY)
			continue;
		check_shape(target, entry);
		for (size_t r = 0; r < entry->reloc_count; r++)
			if (is_key(entry, r))
				check_key(target, entry, &entry->relocs[r]);
	}
}
