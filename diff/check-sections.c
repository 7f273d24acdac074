// SPDX-License-Identifier: GPL-3.0-or-later
// Differences that belong to no function or datum: tables of constructors, sections that are not understood, bytes
// without a name, sizes of tentative definitions. All of them can only be refused.
#include "diff/model.h"

#include <inttypes.h>
#include <string.h>

static const struct section *find_section(const struct object *object, const struct section *like,
					  size_t *from)
{
	for (; *from < object->section_count; (*from)++) {
		const struct section *section = &object->sections[*from];

		if (section->role == like->role && section->flags & SECTION_ALLOC &&
		    !strcmp(section->name, like->name))
			return &object->sections[(*from)++];
	}
	return NULL;
}

// Literals have no matches: they count by what they hold.
static bool same_literal(const struct unit *old, const struct unit *new_unit)
{
	return old->kind == UNIT_LITERAL && new_unit->kind == UNIT_LITERAL && old->size == new_unit->size &&
	       !old->reloc_count && !new_unit->reloc_count && masked_bytes_equal(old, new_unit);
}

static bool same_pointer(const struct reloc *old, const struct reloc *new_reloc)
{
	if (old->info != new_reloc->info || old->target_offset != new_reloc->target_offset)
		return false;
	if (old->target && new_reloc->target)
		return old->target->match == new_reloc->target ||
		       same_literal(old->target, new_reloc->target);
	return !old->target == !new_reloc->target && !strcmp(old->symbol->name, new_reloc->symbol->name);
}

static bool same_section(const struct section *old, const struct section *new_section)
{
	if (old->size != new_section->size || old->unit_count != new_section->unit_count ||
	    old->reloc_count != new_section->reloc_count)
		return false;
	for (size_t i = 0; i < old->unit_count; i++)
		if (old->units[i]->size != new_section->units[i]->size ||
		    !relocs_align(old->units[i], new_section->units[i]) ||
		    !masked_bytes_equal(old->units[i], new_section->units[i]))
			return false;
	for (size_t i = 0; i < old->reloc_count; i++)
		if (!same_pointer(&old->relocs[i], &new_section->relocs[i]))
			return false;
	return true;
}

static void refuse_section(const struct pair *pair, const struct section *section, const char *what,
			   struct diags *diags)
{
	struct diag place = {.severity = DIAG_REFUSAL,
			     .code = section->role == ROLE_INIT ? "init-changed" : "section-unsupported",
			     .object = pair->path,
			     .section = section->name};

	diags_add(diags, &place, "%s %s; %s",
		  section->role == ROLE_INIT ? "the table of constructors or destructors"
					     : "a section whose contents are not understood",
		  what,
		  section->role == ROLE_INIT
			  ? "leave constructors and destructors as they are, or restart the program"
			  : "leave it as it is, or restart the program");
}

/*
 * Clang leaves the initial value of a local array behind that became immediates in code, in a section of its own:
 *	.section .rodata..L__const.f.table,"a"; .L__const.f.table: .long 10, 20, ...
 * Nobody can get at it.
 */
static bool is_left_behind(const struct section *section)
{
	return !strncmp(section->name, ".rodata..L", 10) && !(section->flags & SECTION_WRITE) &&
	       section->unit_count == 1;
}

/*
 * Bytes without a name that nothing in the object refers to: assembly code without symbols, tables that a linker
 * script collects. Nobody can say whose they are, so they are compared one by one in their order.
 */
static bool is_nameless(const struct referrers *referrers, const struct unit *unit)
{
	size_t count;

	if (unit->kind != UNIT_ANONYMOUS || unit->owner || is_left_behind(unit->section) ||
	    (unit->section->role != ROLE_CODE && unit->section->role != ROLE_DATA) ||
	    !(unit->section->flags & SECTION_ALLOC) || unit->section->flags & SECTION_ZERO)
		return false;
	referrers_of(referrers, unit, &count);
	return !count;
}

static const struct unit *next_nameless(const struct object *object, const struct referrers *referrers,
					size_t *i)
{
	while (*i < object->unit_count && !is_nameless(referrers, &object->units[*i]))
		(*i)++;
	return *i < object->unit_count ? &object->units[(*i)++] : NULL;
}

static bool same_nameless(const struct unit *old, const struct unit *new_unit)
{
	if (strcmp(old->section->name, new_unit->section->name) || old->size != new_unit->size ||
	    !relocs_align(old, new_unit) || !masked_bytes_equal(old, new_unit))
		return false;
	for (size_t i = 0; i < old->reloc_count; i++)
		if (!same_pointer(&old->relocs[i], &new_unit->relocs[i]))
			return false;
	return true;
}

static size_t check_nameless(const struct pair *pair, struct diags *diags)
{
	struct referrers *old_referrers = referrers_new(pair->old), *new_referrers = referrers_new(pair->new);
	const struct unit *old, *new_unit;
	size_t i = 0, k = 0, count = 0;

	do {
		old = next_nameless(pair->old, old_referrers, &i);
		new_unit = next_nameless(pair->new, new_referrers, &k);
		if ((!old && !new_unit) || (old && new_unit && same_nameless(old, new_unit)))
			continue;
		refuse_section(pair, (new_unit ? new_unit : old)->section,
			       "has bytes without a symbol that differ", diags);
		count++;
	} while (old && new_unit && !count);
	referrers_free(old_referrers);
	referrers_free(new_referrers);
	return count;
}

// Constructors that a sanitizer brings for itself, in a section of their own priority.
static bool is_bookkeeping(const struct section *section)
{
	for (size_t i = 0; i < section->reloc_count; i++)
		if (!section->relocs[i].target || !section->relocs[i].target->bookkeeping)
			return false;
	return section->reloc_count;
}

static bool is_watched(const struct section *section)
{
	return !is_bookkeeping(section) && section->flags & SECTION_ALLOC && section->size &&
	       (section->role == ROLE_INIT || section->role == ROLE_OTHER);
}

// Tentative definitions (-fcommon) have no place in the object, only a size.
static size_t check_commons(const struct pair *pair, struct diags *diags)
{
	const struct object *new_object = pair->new;
	size_t count = 0;

	for (size_t i = 1; i < new_object->symbol_count; i++) {
		const struct symbol *symbol = &new_object->symbols[i], *old;
		struct diag place = {.severity = DIAG_REFUSAL, .code = "data-layout", .object = pair->path};

		old = symbol->common ? object_find(pair->old, symbol->name) : NULL;
		if (!old || old->size == symbol->size)
			continue;
		place.symbol = symbol->name;
		diags_add(diags, &place,
			  "is live data whose size changes from %" PRIu64 " to %" PRIu64
			  " bytes; keep its size, and put what is new into data of its own",
			  old->size, symbol->size);
		count++;
	}
	return count;
}

size_t check_sections(const struct pair *pair, struct diags *diags)
{
	const struct object *old = pair->old, *new_object = pair->new;
	size_t count = check_commons(pair, diags) + check_nameless(pair, diags), old_at = 1, new_at = 1;

	for (size_t i = 1; i < new_object->section_count; i++) {
		const struct section *section = &new_object->sections[i], *before;

		if (!is_watched(section))
			continue;
		old_at = 1;
		before = find_section(old, section, &old_at);
		if (before && same_section(before, section))
			continue;
		refuse_section(pair, section, before ? "differs" : "is new", diags);
		count++;
	}
	for (size_t i = 1; i < old->section_count; i++) {
		if (!is_watched(&old->sections[i]))
			continue;
		new_at = 1;
		if (find_section(new_object, &old->sections[i], &new_at))
			continue;
		refuse_section(pair, &old->sections[i], "is gone", diags);
		count++;
	}
	return count;
}
