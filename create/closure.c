// SPDX-License-Identifier: GPL-3.0-or-later
// What travels: changed functions the image holds, and what they reach that the image does not have. Existing
// functions and data are only referred to: a copied static would fork the program's state.
#include "create/kernel-target.h"

struct member *member_find(const struct target *target, const struct unit *unit)
{
	return intmap_get(target->member_of, (uintptr_t)unit);
}

enum presence unit_presence(const struct target *target, const struct unit *old, uint64_t *vaddr)
{
	const struct piece *piece = old ? intmap_get(target->piece_of, (uintptr_t)old->object) : NULL;
	const struct unit_place *place;

	if (!piece)
		return PRESENCE_ABSENT;
	place = place_of(piece->placement, old);
	*vaddr = place->vaddr;
	if (place->state == PLACE_MATCHED || (place->state == PLACE_OVERRIDDEN && place->vaddr))
		return PRESENCE_PROVEN;
	return place->state == PLACE_DROPPED ? PRESENCE_ABSENT : PRESENCE_UNPROVEN;
}

bool unit_is_own(const struct target *target, const struct unit *old, uint64_t *vaddr)
{
	const struct piece *piece = old ? intmap_get(target->piece_of, (uintptr_t)old->object) : NULL;

	if (!piece || place_of(piece->placement, old)->state != PLACE_MATCHED)
		return false;
	*vaddr = place_of(piece->placement, old)->vaddr;
	return true;
}

bool unit_in_image(const struct target *target, const struct unit *old, uint64_t *vaddr)
{
	return unit_presence(target, old, vaddr) == PRESENCE_PROVEN;
}

uint64_t unit_image_size(const struct target *target, const struct unit *old)
{
	const struct piece *piece = intmap_get(target->piece_of, (uintptr_t)old->object);
	uint64_t size = piece ? place_of(piece->placement, old)->size : 0;

	return size ? size : old->size;
}

struct unit *reloc_unit(const struct target *target, const struct reloc *reloc)
{
	if (reloc->target)
		return reloc->target;
	if (reloc->symbol->section || reloc->symbol->binding == BINDING_LOCAL || !*reloc->symbol->name)
		return NULL;
	return strmap_get(target->definitions, reloc->symbol->name);
}

int64_t reloc_distance(const struct reloc *reloc, const struct unit *unit)
{
	if (!reloc->target || !unit)
		return reloc->addend;
	return (int64_t)reloc->symbol->value + reloc->addend - (int64_t)unit->offset;
}

static bool writable(const struct unit *unit)
{
	return unit->section && (unit->section->flags & SECTION_WRITE) &&
	       !(unit->section->flags & SECTION_RELRO);
}

// The function a split-off part belongs to, or the unit itself.
static struct unit *whole(struct unit *unit)
{
	while (unit->kind == UNIT_FUNCTION && unit->owner && unit->owner->kind == UNIT_FUNCTION)
		unit = unit->owner;
	return unit;
}

// Does the payload need its own copy of what is referred to?
static bool must_travel(const struct target *target, const struct unit *unit)
{
	uint64_t vaddr;
	enum presence presence = unit_presence(target, unit->match, &vaddr);

	switch (unit->kind) {
	case UNIT_LITERAL:
		return true;
	case UNIT_ANONYMOUS:
		return !writable(unit) || presence == PRESENCE_ABSENT;
	case UNIT_FUNCTION:
		// A weak or shared definition that gave way to another object's is a matter of that object.
		return presence == PRESENCE_ABSENT ||
		       (unit->status != UNIT_SAME && unit_is_own(target, unit->match, &vaddr));
	case UNIT_DATUM:
		// A constant may be copied; of what is written there must be one.
		return presence == PRESENCE_ABSENT ||
		       (!writable(unit) && (unit->status != UNIT_SAME || presence == PRESENCE_UNPROVEN));
	case UNIT_ENTRY:
		break;
	}
	return false;
}

static struct member *include(struct target *target, struct unit *unit, struct member *root,
			      struct unit *referrer)
{
	void **place = intmap_put(target->member_of, (uintptr_t)unit);
	struct member *member;

	if (*place)
		return *place;
	*place = member = arena_alloc(target->arena, sizeof(*member));
	member->unit = unit;
	member->referrer = referrer;
	if (unit->kind == UNIT_FUNCTION && unit_is_own(target, unit->match, &member->old_vaddr) &&
	    !kernel_goes_with_callers(target, unit))
		member->old = unit->match;
	member->root = member->old && !unit->owner ? member : root;
	*vec_push(&target->members) = member;
	// A split-off part runs as part of its function.
	for (size_t i = 0; i < unit->part_count; i++)
		if (unit->parts[i]->kind == UNIT_FUNCTION ||
		    (target->image->kernel && kernel_entry_travels(unit->parts[i])))
			include(target, unit->parts[i], member->root, unit);
	return member;
}

// Everything the members refer to, in the order of their relocations; the list grows while it is walked.
static void follow(struct target *target)
{
	for (size_t i = 0; i < target->members.count; i++) {
		struct member *member = target->members.at[i];

		for (size_t r = 0; r < member->unit->reloc_count; r++) {
			struct unit *unit = reloc_unit(target, &member->unit->relocs[r]);

			if (!unit)
				continue;
			unit = whole(unit);
			if (unit->section && !(unit->section->flags & SECTION_TLS) &&
			    must_travel(target, unit))
				include(target, unit, member->root, member->unit);
		}
	}
}

// What only NEW has comes into question for names that the image does not know.
static bool known_to_image(const struct target *target, const char *name)
{
	struct image_import import;
	bool ambiguous = false;
	size_t count;

	image_find(target->image, name, &count);
	return count || image_import(target->image, name, &import, &ambiguous) || ambiguous;
}

static void define(const struct target *target, struct strmap *map, const struct object *object,
		   bool only_new)
{
	for (size_t i = 1; i < object->symbol_count; i++) {
		struct symbol *symbol = &object->symbols[i];
		void **place;

		if (symbol->binding == BINDING_LOCAL || !symbol->unit || !*symbol->name)
			continue;
		if (only_new && (strmap_get(map, symbol->name) || known_to_image(target, symbol->name)))
			continue;
		place = strmap_put(map, symbol->name);
		// Of a weak and a strong definition the strong one is meant.
		if (!*place || symbol->binding == BINDING_GLOBAL)
			*place = symbol->unit;
	}
}

// A common symbol (-fcommon) has no place until a link gives it one; what the image does not have gets zeroes of its
// own. Of several the largest counts.
static void define_common(struct target *target, struct object *object, const struct symbol *symbol)
{
	void **place;
	struct unit *unit;

	if (!symbol->common ||
	    (!strmap_get(target->definitions, symbol->name) && known_to_image(target, symbol->name)))
		return;
	place = strmap_put(target->definitions, symbol->name);
	unit = *place;
	if (!unit) {
		struct section *section = arena_alloc(target->arena, sizeof(*section));

		*section = (struct section){.name = ".bss",
					    .role = ROLE_DATA,
					    .flags = SECTION_ALLOC | SECTION_WRITE | SECTION_ZERO};
		*place = unit = arena_alloc(target->arena, sizeof(*unit));
		*unit = (struct unit){.kind = UNIT_DATUM,
				      .object = object,
				      .section = section,
				      .name = symbol->name,
				      .status = UNIT_NEW};
	} else if (unit->symbol_count || unit->match) {
		return; // somebody defines it
	}
	if (unit->size < symbol->size)
		unit->size = unit->section->size = symbol->size;
	if (unit->section->align < symbol->value)
		unit->section->align = symbol->value;
}

static void define_all(struct target *target)
{
	for (size_t i = target->pieces.count; i--;)
		if (target->pieces.at[i].old)
			define(target, target->definitions, target->pieces.at[i].new, false);
	for (size_t i = 0; i < target->pieces.count; i++)
		if (!target->pieces.at[i].old)
			define(target, target->definitions, target->pieces.at[i].new, true);
	for (size_t i = 0; i < target->pieces.count; i++)
		for (size_t k = 1; k < target->pieces.at[i].new->symbol_count; k++)
			define_common(target, target->pieces.at[i].new,
				      &target->pieces.at[i].new->symbols[k]);
}

// A changed function that may be in the image, nobody knows where, would stay as it is: half of a fix.
static void refuse_unproven(struct target *target, const struct unit *unit)
{
	const struct piece *piece = intmap_get(target->piece_of, (uintptr_t)unit->match->object);
	bool ambiguous = place_of(piece->placement, unit->match)->state == PLACE_AMBIGUOUS;

	refuse(target, unit, ambiguous ? "symbol-ambiguous" : "image-mismatch",
	       ambiguous
		       ? "fits at several places of %s; keep the objects that tell them apart in the old tree"
		       : "is not found in %s as it is in the old objects; use the image with its symbols, "
			 "and the objects "
			 "it was linked from",
	       target->path);
}

// Calls in a circle end here.
enum { CALLERS_DEPTH = 8 };

/* A function to be replaced; or, where it cannot be redirected, all that call it. Returns one that is. */
static struct member *include_changed(struct target *target, struct unit *unit, unsigned depth)
{
	struct member *root = member_find(target, unit), *member;
	struct unit *caller;
	uint64_t vaddr;
	size_t at = 0;

	if (root)
		return root->root;
	if (!kernel_goes_with_callers(target, unit))
		return include(target, unit, NULL, NULL);
	if (depth > CALLERS_DEPTH) {
		refuse(target, unit, "notrace",
		       "has no ftrace site, nor have functions that call it in a circle; change those that "
		       "call "
		       "them");
		return NULL;
	}
	while ((caller = kernel_next_caller(target, unit, &at))) {
		member = NULL;
		if (unit_is_own(target, caller->match, &vaddr))
			member = include_changed(target, caller, depth + 1);
		else if (unit_presence(target, caller->match, &vaddr) == PRESENCE_UNPROVEN)
			refuse_unproven(target, caller);
		root = root ? root : member;
	}
	if (root)
		include(target, unit, root, root->unit);
	return root;
}

static void select_changed(struct target *target, const struct piece *piece)
{
	for (size_t i = 0; i < piece->new->unit_count; i++) {
		struct unit *unit = &piece->new->units[i];
		uint64_t vaddr;

		if (unit->kind != UNIT_FUNCTION || unit->owner || unit->status != UNIT_CHANGED ||
		    !unit->match)
			continue;
		if (unit_is_own(target, unit->match, &vaddr))
			include_changed(target, unit, 0);
		else if (unit_presence(target, unit->match, &vaddr) == PRESENCE_UNPROVEN)
			refuse_unproven(target, unit);
	}
}

static void select_hooks(struct target *target, const struct piece *piece)
{
	for (size_t i = 0; i < piece->new->unit_count; i++) {
		uint32_t phase;
		struct unit *function = hook_function(target, piece, &piece->new->units[i], &phase);

		if (function)
			*vec_push(&target->hooks) =
				(struct hook){include(target, function, NULL, NULL), phase};
	}
}

void closure_select(struct target *target)
{
	define_all(target);
	for (size_t i = 0; i < target->pieces.count; i++) {
		if (target->pieces.at[i].old)
			select_changed(target, &target->pieces.at[i]);
		select_hooks(target, &target->pieces.at[i]);
	}
	follow(target);
	if (target->image->kernel)
		kernel_leave_out_entries(target);
}
