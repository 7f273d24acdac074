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
	struct decoder *decoder;
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

// Code of static_cpu_has() in .altinstr_aux, or a constant, which is known by its contents.
static bool same_nameless(const struct unit *a, const struct unit *b)
{
	if (a->symbol_count || b->symbol_count || a->kind != b->kind)
		return false;
	return a->kind != UNIT_LITERAL ||
	       (a->size == b->size &&
		!memcmp(a->section->data + a->offset, b->section->data + b->offset, a->size));
}

static bool same_target(const struct reloc *a, const struct reloc *b)
{
	if (!a->target || !b->target)
		return !a->target == !b->target && !strcmp(a->symbol->name, b->symbol->name) &&
		       a->target_offset == b->target_offset;
	return (a->target_offset == b->target_offset &&
		(a->target->match == b->target || same_nameless(a->target, b->target))) ||
	       same_place(a, b);
}

static bool same_field(const struct reloc *a, const struct reloc *b)
{
	if (a->info != b->info)
		return false;
	return same_target(a, b);
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

// ---- instruction by instruction --------------------------------------------------------------------------------------

struct walk {
	const struct unit *unit;
	const uint8_t *code;
	uint64_t at;
	size_t reloc; // the first that is not behind
	struct instruction now;
};

// The next instruction, nops left out where asked: alignment may differ. false: the end, or none.
static bool step(struct decoder *decoder, struct walk *walk)
{
	const struct unit *unit = walk->unit;

	if (walk->at >= unit->size || !decode(decoder, walk->code + walk->at, unit->size - walk->at,
					      unit->offset + walk->at, &walk->now))
		return false;
	while (walk->reloc < unit->reloc_count && unit->relocs[walk->reloc].offset - unit->offset < walk->at)
		walk->reloc++;
	return true;
}

static const struct reloc *reloc_within(const struct walk *walk)
{
	const struct unit *unit = walk->unit;

	if (walk->reloc >= unit->reloc_count ||
	    unit->relocs[walk->reloc].offset - unit->offset >= walk->at + walk->now.length)
		return NULL;
	return &unit->relocs[walk->reloc];
}

static bool is_branch(const struct instruction *instruction)
{
	return instruction->flow == FLOW_JUMP || instruction->flow == FLOW_CONDITIONAL ||
	       instruction->flow == FLOW_CALL;
}

// 7x and 0f 8x: the condition; other branches have none.
static unsigned condition_of(const struct walk *walk)
{
	const uint8_t *opcode = walk->code + walk->at + walk->now.prefixes;

	if (walk->now.flow != FLOW_CONDITIONAL)
		return 0;
	return (opcode[0] == 0x0f ? opcode[1] : opcode[0]) & 15;
}

// A branch within its function goes to INSIDE of the one and OTHER of the other.
static bool same_branch(const struct walk *a, const struct walk *b, uint64_t *inside, uint64_t *other)
{
	const struct reloc *left = reloc_within(a), *right = reloc_within(b);

	*inside = UINT64_MAX;
	if (a->now.flow != b->now.flow || condition_of(a) != condition_of(b) || !left != !right)
		return false;
	if (left)
		return same_target(left, right);
	*inside = a->now.target - a->unit->offset;
	*other = b->now.target - b->unit->offset;
	return *inside < a->unit->size && *other < b->unit->size;
}

static bool same_plain(const struct walk *a, const struct walk *b)
{
	uint64_t from = 0;

	if (a->now.length != b->now.length)
		return false;
	for (size_t i = a->reloc, k = b->reloc; from < a->now.length; i++, k++) {
		const struct reloc *left = i < a->unit->reloc_count ? &a->unit->relocs[i] : NULL;
		const struct reloc *right = k < b->unit->reloc_count ? &b->unit->relocs[k] : NULL;
		uint64_t end = left ? left->offset - a->unit->offset - a->at : a->now.length;
		uint64_t other = right ? right->offset - b->unit->offset - b->at : b->now.length;
		bool field = left && right && end < a->now.length;

		end = end < a->now.length ? end : a->now.length;
		other = other < b->now.length ? other : b->now.length;
		if (end != other || end < from || (field && !same_field(left, right)) ||
		    memcmp(a->code + a->at + from, b->code + b->at + from, end - from) != 0)
			return false;
		if (!field)
			break;
		from = end + left->info->size;
	}
	return true;
}

static bool is_nop(const struct walk *walk)
{
	const uint8_t *code = walk->code + walk->at;
	unsigned at = 0;

	while (at < walk->now.length && (code[at] == 0x66 || code[at] == 0x2e))
		at++;
	return at < walk->now.length &&
	       (code[at] == 0x90 || (at + 1 < walk->now.length && code[at] == 0x0f && code[at + 1] == 0x1f));
}

// The same instructions, whatever the length of their jumps and of the alignment that it moves.
static bool same_instructions(struct decoder *decoder, const struct unit *running, const struct unit *old)
{
	struct walk a = {running, running->section->data + running->offset, 0, 0, {0}};
	struct walk b = {old, old->section->data + old->offset, 0, 0, {0}};
	uint64_t *landings = xalloc((running->size + 1) * sizeof(*landings));
	VEC(uint64_t) branches = {0};
	bool same = running->section->data && old->section->data;

	memset(landings, 0, (running->size + 1) * sizeof(*landings));
	while (same && a.at < running->size && b.at < old->size) {
		uint64_t inside = UINT64_MAX, other = 0;

		if (!step(decoder, &a) || !step(decoder, &b)) {
			same = false;
		} else if (is_branch(&a.now) ? same_branch(&a, &b, &inside, &other) : same_plain(&a, &b)) {
			landings[a.at] = b.at + 1;
			if (inside != UINT64_MAX) {
				*vec_push(&branches) = inside;
				*vec_push(&branches) = other;
			}
			a.at += a.now.length;
			b.at += b.now.length;
		} else if (is_nop(&a)) {
			landings[a.at] = b.at + 1;
			a.at += a.now.length;
		} else if (is_nop(&b)) {
			b.at += b.now.length;
		} else {
			same = false;
		}
	}
	for (; same && a.at < running->size; a.at += a.now.length)
		same = step(decoder, &a) && is_nop(&a);
	for (; same && b.at < old->size; b.at += b.now.length)
		same = step(decoder, &b) && is_nop(&b);
	// A landing on alignment counts for what follows it.
	for (size_t i = 0; same && i + 1 < branches.count; i += 2) {
		uint64_t place = landings[branches.at[i]];

		same = place && place - 1 <= branches.at[i + 1];
		for (b.at = place - 1; same && b.at < branches.at[i + 1]; b.at += b.now.length) {
			b.reloc = 0;
			same = step(decoder, &b) && is_nop(&b);
		}
	}
	free(branches.at);
	free(landings);
	return same;
}

static bool is_same(struct decoder *decoder, const struct unit *running, const struct unit *old)
{
	return same_bytes(running, old) ||
	       (old->kind == UNIT_FUNCTION && same_instructions(decoder, running, old));
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
	if (!same || !is_same(translation->decoder, same, unit)) {
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
	struct translation translation = {
		.running = running, .placement = new_placement(running, old), .decoder = decoder_new()};

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
	decoder_free(translation.decoder);
	return translation.placement;
}
