// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * From the object as it was linked to the same source compiled with -ffunction-sections -fdata-sections. The flags leave the
 * code as it is but for jumps between functions of one file at a function's end:
 *
 *	eb 05			jmp	other		one section: the assembler knows the distance
 *	e9 00 00 00 00		jmp	other		two sections: R_X86_64_PLT32
 *
 * Functions correspond by name, and must be the same instruction by instruction.
 */
#include <stdlib.h>
#include <string.h>

#include "create/kernel-target.h"

struct translation {
	const struct placement *running;
	struct object *running_copy; // of the one in `running`; here it may be correlated with OLD's copy
	struct object *old_copy;     // of OLD: units in the same order
	struct placement *placement;
};

// Where the object as linked has what UNIT of the other is called: a datum without size (struct lock_class_key {}) lies
// where the next one begins, so that a place alone does not tell the two apart.
static const struct symbol *named_in(struct object *running, const struct unit *unit)
{
	return unit->symbol_count ? object_find(running, unit->name) : NULL;
}

static bool same_place(const struct reloc *a, const struct reloc *b)
{
	const struct symbol *symbol = named_in(a->target->object, b->target);

	return symbol && symbol->section == a->target->section &&
	       (int64_t)a->target->offset + a->target_offset == (int64_t)symbol->value + b->target_offset;
}

static bool same_field(const struct reloc *a, const struct reloc *b)
{
	if (a->info != b->info)
		return false;
	if (a->target && b->target)
		return (a->target_offset == b->target_offset &&
			(a->target->match == b->target || !a->target->symbol_count)) ||
		       same_place(a, b);
	return !a->target == !b->target && !strcmp(a->symbol->name, b->symbol->name) &&
	       a->target_offset == b->target_offset;
}

// Equal bytes but for relocated fields, which mean the same.
static bool same_bytes(const struct unit *a, const struct unit *b)
{
	uint64_t at = 0;

	if (a->size != b->size || a->reloc_count != b->reloc_count || !a->section->data != !b->section->data)
		return false;
	for (size_t i = 0; i <= a->reloc_count && a->section->data; i++) {
		uint64_t end = i < a->reloc_count ? a->relocs[i].offset - a->offset : a->size;

		if (end < at || (i < a->reloc_count && (b->relocs[i].offset - b->offset != end ||
							!same_field(&a->relocs[i], &b->relocs[i]))))
			return false;
		if (memcmp(a->section->data + a->offset + at, b->section->data + b->offset + at, end - at) !=
		    0)
			return false;
		at = i < a->reloc_count ? end + a->relocs[i].info->size : end;
		if (at > a->size)
			return false;
	}
	return true;
}

// The same instructions, whatever the length of their jumps.
static bool same_instructions(const struct unit *a, const struct unit *b)
{
	struct arena *arena = arena_new();
	struct patch patch = unit_patch(a, b, 0, arena);
	bool same = true;

	for (size_t i = 0; i < patch.count; i++)
		same &= patch.lines[i].side == ' ';
	arena_free(arena);
	return same;
}

static bool is_same(const struct unit *running, const struct unit *old)
{
	return same_bytes(running, old) || (old->kind == UNIT_FUNCTION && same_instructions(running, old));
}

static void add_mismatch(struct translation *translation, const struct unit *unit, const char *what)
{
	struct placement *placement = translation->placement;

	placement->mismatches[placement->mismatch_count++] = (struct mismatch){.unit = unit, .what = what};
}

static void translate_unit(struct translation *translation, size_t index)
{
	const struct object *old = translation->placement->object;
	const struct unit *unit = &translation->old_copy->units[index], *same = unit->match;
	struct unit_place *place = &translation->placement->units[index];
	struct placement *placement = translation->placement;

	if (unit->kind == UNIT_FUNCTION && !unit->owner)
		placement->functions++;
	if (unit->kind == UNIT_ENTRY || unit->kind == UNIT_LITERAL)
		return;
	if (!same && unit->kind == UNIT_DATUM) {
		const struct symbol *symbol = named_in(translation->running_copy, unit);

		if (symbol && symbol->unit) {
			*place = translation->running->units[symbol->unit - translation->running_copy->units];
			place->vaddr += symbol->value - symbol->unit->offset;
		}
	}
	if (same) {
		*place = translation->running->units[same - translation->running_copy->units];
		place->size = same->size;
	}
	if (unit->kind != UNIT_FUNCTION)
		return;
	if (!same || !is_same(same, unit)) {
		place->state = PLACE_DIFFERS;
		add_mismatch(translation, &old->units[index],
			     same ? "not the instructions of the objects as linked"
				  : "not in the objects as linked");
	}
	if (unit->owner)
		return;
	placement->matched += place->state == PLACE_MATCHED;
	placement->overridden += place->state == PLACE_OVERRIDDEN;
	placement->differing += place->state == PLACE_DIFFERS;
}

// Undefined symbols have one meaning per name.
static void translate_symbols(struct translation *translation)
{
	const struct object *running = translation->running->object, *old = translation->placement->object;
	struct strmap *seen = strmap_new();

	for (size_t i = 1; i < running->symbol_count; i++)
		if (!running->symbols[i].section && *running->symbols[i].name &&
		    translation->running->symbols[i].seen)
			*strmap_put(seen, running->symbols[i].name) = &translation->running->symbols[i];
	for (size_t i = 1; i < old->symbol_count; i++) {
		const struct symbol_place *place =
			old->symbols[i].section ? NULL : strmap_get(seen, old->symbols[i].name);

		if (place)
			translation->placement->symbols[i] = *place;
	}
	strmap_free(seen);
}

static struct placement *new_placement(const struct placement *running, const struct object *old)
{
	struct arena *arena = arena_new();
	struct placement *placement = arena_alloc(arena, sizeof(*placement));

	placement->object = old;
	placement->image = running->image;
	placement->arena = arena;
	placement->result = running->result;
	placement->source_in_image = running->source_in_image;
	placement->units = arena_array(arena, old->unit_count + 1, sizeof(*placement->units));
	placement->symbols = arena_array(arena, old->symbol_count + 1, sizeof(*placement->symbols));
	placement->mismatches = arena_array(arena, old->unit_count + 1, sizeof(*placement->mismatches));
	return placement;
}

struct placement *kernel_translate(const struct placement *running, const struct object *old,
				   struct interner *names, struct diags *diags)
{
	const struct object *linked = running->object;
	struct translation translation = {.running = running, .placement = new_placement(running, old)};

	translation.running_copy = object_load(linked->path, linked->bytes, linked->size, names, diags);
	translation.old_copy = object_load(old->path, old->bytes, old->size, names, diags);
	if (translation.running_copy && translation.old_copy) {
		correlate(translation.running_copy, translation.old_copy);
		for (size_t i = 0; i < old->unit_count; i++)
			translate_unit(&translation, i);
		translate_symbols(&translation);
	}
	if (translation.placement->mismatch_count)
		translation.placement->result = MATCH_PARTIAL;
	object_free(translation.running_copy);
	object_free(translation.old_copy);
	return translation.placement;
}
