// SPDX-License-Identifier: GPL-3.0-or-later
// Two linked images compared by their symbols, for people (hp-diff OLD NEW): the walk of missing-compare.c without
// objects that would account for a difference.
#include "create/create.h"

#include <stdlib.h>
#include <string.h>

#include "create/missing-private.h"

// ---- functions without a size --------------------------------------------------------------------

// nop, its long forms, int3, and the zero bytes some linkers fill with.
static bool is_fill(const uint8_t *code, unsigned length)
{
	unsigned at = 0;

	while (at + 1 < length && (code[at] == 0x66 || code[at] == 0x2e))
		at++;
	return code[at] == 0x90 || code[at] == 0xcc ||
	       (at + 1 < length && code[at] == 0x0f && code[at + 1] == 0x1f) ||
	       (length == 2 && !code[0] && !code[1]);
}

// Length of what lies in ROOM bytes without the fill behind it.
static uint64_t code_length(const struct comparing *comparing, const uint8_t *code, uint64_t room)
{
	uint64_t end = 0;

	for (uint64_t at = 0; at < room;) {
		struct code_shape shape;

		if (!comparing->link->shape(code + at, room - at, &shape))
			return room;
		at += shape.length;
		if (!is_fill(code + at - shape.length, shape.length))
			end = at;
	}
	return end;
}

// Assembly often gives its functions no size (_init of crti.o): they reach to the next name or the section's end.
static void measure_functions(const struct comparing *comparing, struct side *side)
{
	for (size_t i = 0; i < side->thing_count; i++) {
		struct thing *thing = &side->things[i];
		const struct hp_image_section *section = image_section_at(side->image, thing->vaddr);
		const uint8_t *code;
		uint64_t end;

		if (!thing->code || thing->size || !section)
			continue;
		end = section->vaddr + section->size;
		if (i + 1 < side->thing_count && side->things[i + 1].vaddr < end)
			end = side->things[i + 1].vaddr;
		code = image_bytes(side->image, thing->vaddr, end - thing->vaddr);
		if (code)
			thing->size = code_length(comparing, code, end - thing->vaddr);
	}
}

// ---- what differs --------------------------------------------------------------------------------

typedef VEC(struct image_change) change_list;

static const char *section_of(const struct side *side, const struct thing *thing)
{
	const struct hp_image_section *section = image_section_at(side->image, thing->vaddr);

	return section ? section->name : "";
}

static bool is_compared(const struct thing *thing)
{
	return thing->size && (thing->code || thing->symbol->kind != SYMBOL_NOTYPE);
}

static struct image_change describe(struct arena *arena, const struct side *side, const struct thing *thing)
{
	return (struct image_change){
		.function = thing->code,
		.name = arena_strdup(arena, thing->symbol->name),
		.file = thing->symbol->file ? arena_strdup(arena, thing->symbol->file) : NULL,
		.section = arena_strdup(arena, section_of(side, thing)),
	};
}

static void note_change(const struct comparing *comparing, struct arena *arena, const struct thing *old,
			const struct thing *new_thing, change_list *changes)
{
	struct image_change change;

	if (old && new_thing && things_equal(comparing, old, new_thing) &&
	    !strcmp(section_of(&comparing->old, old), section_of(&comparing->new_side, new_thing)))
		return;
	change = new_thing ? describe(arena, &comparing->new_side, new_thing)
			   : describe(arena, &comparing->old, old);
	change.status = !old ? UNIT_NEW : new_thing ? UNIT_CHANGED : UNIT_REMOVED;
	change.old_size = old ? old->size : 0;
	change.new_size = new_thing ? new_thing->size : 0;
	if (old && new_thing)
		change.at = things_same_until(comparing, old, new_thing);
	*vec_push(changes) = change;
}

static void compare_things(const struct comparing *comparing, struct image_comparison *out,
			   change_list *changes)
{
	const struct side *old = &comparing->old, *new_side = &comparing->new_side;

	for (size_t i = 0; i < new_side->thing_count; i++) {
		const struct thing *thing = &new_side->things[i];

		if (!is_compared(thing))
			continue;
		*(thing->code ? &out->functions : &out->data) += 1;
		note_change(comparing, out->arena, thing->other, thing, changes);
	}
	for (size_t i = 0; i < old->thing_count; i++)
		if (is_compared(&old->things[i]) &&
		    (!old->things[i].other || !is_compared(old->things[i].other)))
			note_change(comparing, out->arena, &old->things[i], NULL, changes);
}

// ---- thread-local variables ----------------------------------------------------------------------

static const uint8_t *tls_bytes(const struct image *image, const struct image_symbol *symbol)
{
	const struct hp_image_section *section = image_section_at(image, image->tls_vaddr);

	// .tbss takes no room: behind .tdata other sections begin.
	if (!section || strcmp(section->name, ".tdata") != 0 || symbol->vaddr > section->size ||
	    symbol->size > section->size - symbol->vaddr)
		return NULL;
	return image_bytes(image, image->tls_vaddr + symbol->vaddr, symbol->size);
}

static const char *tls_key(struct arena *arena, struct strmap *seen, const struct image_symbol *symbol)
{
	const char *name = arena_printf(arena, "%s:%s", symbol->file ? symbol->file : "", symbol->name);
	uintptr_t *count = (uintptr_t *)strmap_put(seen, name);

	*count += 1;
	return arena_printf(arena, "%s:%zu", name, (size_t)*count);
}

static void note_tls(struct image_comparison *out, const struct image_symbol *old,
		     const struct image_symbol *new_symbol, const uint8_t *bytes, const uint8_t *new_bytes,
		     change_list *changes)
{
	const struct image_symbol *named = new_symbol ? new_symbol : old;
	uint64_t at = 0;

	if (old && new_symbol && !bytes == !new_bytes && old->size == new_symbol->size) {
		while (bytes && at < old->size && bytes[at] == new_bytes[at])
			at++;
		if (!bytes || at == old->size)
			return;
	}
	*vec_push(changes) = (struct image_change){
		.status = !old         ? UNIT_NEW
			  : new_symbol ? UNIT_CHANGED
				       : UNIT_REMOVED,
		.thread_local = true,
		.name = arena_strdup(out->arena, named->name),
		.file = named->file ? arena_strdup(out->arena, named->file) : NULL,
		.section = (new_symbol ? new_bytes : bytes) ? ".tdata" : ".tbss",
		.old_size = old ? old->size : 0,
		.new_size = new_symbol ? new_symbol->size : 0,
		.at = at,
	};
}

static void compare_tls(const struct comparing *comparing, struct image_comparison *out, change_list *changes)
{
	const struct side *old = &comparing->old, *new_side = &comparing->new_side;
	struct strmap *by_name = strmap_new(), *seen = strmap_new(), *seen_new = strmap_new();

	for (size_t i = 0; i < old->tls_symbol_count; i++)
		*strmap_put(by_name, tls_key(out->arena, seen, old->tls_symbols[i])) =
			(void *)old->tls_symbols[i];
	for (size_t i = 0; i < new_side->tls_symbol_count; i++) {
		const struct image_symbol *symbol = new_side->tls_symbols[i], *other;
		void **place = strmap_put(by_name, tls_key(out->arena, seen_new, symbol));

		other = *place;
		*place = NULL; // what is left is gone
		out->data++;
		note_tls(out, other, symbol, other ? tls_bytes(old->image, other) : NULL,
			 tls_bytes(new_side->image, symbol), changes);
	}
	strmap_free(seen);
	seen = strmap_new();
	for (size_t i = 0; i < old->tls_symbol_count; i++)
		if (strmap_get(by_name, tls_key(out->arena, seen, old->tls_symbols[i])))
			note_tls(out, old->tls_symbols[i], NULL, tls_bytes(old->image, old->tls_symbols[i]),
				 NULL, changes);
	strmap_free(by_name);
	strmap_free(seen);
	strmap_free(seen_new);
}

// ---- the whole -----------------------------------------------------------------------------------

static int compare_changes(const void *a, const void *b)
{
	const struct image_change *one = a, *other = b;
	int order = other->function - one->function;

	if (!order)
		order = strcmp(one->name, other->name);
	if (!order)
		order = strcmp(one->file ? one->file : "", other->file ? other->file : "");
	return order ? order : (int)one->status - (int)other->status;
}

static bool comparable(const struct image *old, const struct image *new_image, struct diags *diags)
{
	const struct image *sides[] = {old, new_image};
	struct diag place = {.severity = DIAG_ERROR, .code = "arch-mismatch", .object = new_image->path};

	if (old->arch != new_image->arch || old->executable != new_image->executable ||
	    old->elf_type != new_image->elf_type) {
		diags_add(diags, &place,
			  "is of another kind or machine than %s; compare images that were built alike",
			  old->path);
		return false;
	}
	if (!arch_link(old->arch)) {
		diags_add(diags, &place,
			  "images of its machine are not understood; give the trees of objects they were "
			  "linked from");
		return false;
	}
	place.code = "symbol-missing";
	for (size_t i = 0; i < ARRAY_SIZE(sides); i++) {
		place.object = sides[i]->path;
		if (!sides[i]->full_symbols)
			diags_add(diags, &place,
				  "is stripped: only what it exports can be compared; put its separate "
				  "debug file beside it");
	}
	return true;
}

static void compare_opened(struct image_comparison *out, const struct image *old,
			   const struct image *new_image)
{
	// The objects are not at hand: names alone say what corresponds.
	static const struct diff no_objects;
	struct comparing comparing = {.old = {.image = old},
				      .new_side = {.image = new_image},
				      .link = arch_link(old->arch),
				      .diff = &no_objects,
				      .arena = arena_new()};
	change_list changes = {0};

	pair_things(&comparing);
	measure_functions(&comparing, &comparing.old);
	measure_functions(&comparing, &comparing.new_side);
	compare_things(&comparing, out, &changes);
	compare_tls(&comparing, out, &changes);
	if (changes.count)
		qsort(changes.at, changes.count, sizeof(*changes.at), compare_changes);
	out->changes = arena_array(out->arena, changes.count + 1, sizeof(*out->changes));
	if (changes.count)
		memcpy(out->changes, changes.at, changes.count * sizeof(*changes.at));
	out->change_count = changes.count;
	free(changes.at);
	arena_free(comparing.arena);
}

struct image_comparison *compare_images(const char *old_path, const char *new_path, struct diags *diags)
{
	struct image *old = image_open(old_path, NULL, diags), *new_image = image_open(new_path, NULL, diags);
	struct image_comparison *out = NULL;

	if (old && new_image && comparable(old, new_image, diags)) {
		struct arena *arena = arena_new();

		out = arena_alloc(arena, sizeof(*out));
		out->arena = arena;
		out->old_build_id = arena_strdup(arena, old->build_id_text);
		out->new_build_id = arena_strdup(arena, new_image->build_id_text);
		compare_opened(out, old, new_image);
	}
	image_close(old);
	image_close(new_image);
	return out;
}

void image_comparison_free(struct image_comparison *comparison)
{
	if (comparison)
		arena_free(comparison->arena);
}
