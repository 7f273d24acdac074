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

// struct jump_entry: code, target, key; struct static_call_site: address, key
static const struct reloc *key_of(const struct unit *entry)
{
	if (is_section(entry, "__jump_table") && entry->reloc_count > 2)
		return &entry->relocs[2];
	if (is_section(entry, ".static_call_sites") && entry->reloc_count > 1)
		return &entry->relocs[1];
	return NULL;
}

// A key that the module defines itself, and does not import.
static bool is_own_key(struct target *target, const struct member *entry, const char **name)
{
	const struct reloc *key = key_of(entry->unit);
	struct reference reference;

	if (!key)
		return false;
	reference = classify_reference(target, entry, key);
	*name = reference.unit && *reference.unit->name ? reference.unit->name : reference.name;
	return reference.in_image && !kernel_imports(target->image, reference.vaddr);
}

/*
 * The kernel reads these tables before it resolves a module's own symbols in a livepatch (kernel/livepatch/core.c), so no entry with
 * such a key may be in them. A static call goes on through its trampoline, which always leads to the right function; a branch would
 * stay as it was compiled.
 */
void kernel_leave_out_entries(struct target *target)
{
	size_t kept = 0;

	if (target->image->kind != HP_TARGET_LINUX_MODULE)
		return;
	for (size_t i = 0; i < target->members.count; i++) {
		struct member *member = target->members.at[i];
		const struct unit *unit = member->unit;
		const char *name;

		if (unit->kind != UNIT_ENTRY || !is_own_key(target, member, &name)) {
			target->members.at[kept++] = member;
			continue;
		}
		if (is_section(unit, "__jump_table"))
			refuse(target, unit->owner, "special-unsupported",
			       "branches by `%s`, a key of the module itself, which a livepatch cannot name "
			       "early "
			       "enough; leave that branch to a function that does not change, or allow it "
			       "where it may "
			       "stay as it is compiled (a tracepoint: off)",
			       name);
		*intmap_put(target->member_of, (uintptr_t)unit) = NULL;
	}
	target->members.count = kept;
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
	}
}
