// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * object-missing: the new image may differ from the old one only where the objects do. An object that is not in
 * the trees (temporary, built elsewhere) and was changed too would make the package half a fix.
 */
#include "create/missing-private.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

enum { NAMED_MAX = 10 };

// ---- what the objects account for ----------------------------------------------------------------

struct accounts {
	struct arena *arena;
	struct strmap *names; // "name" of globals, "file:name" of statics
};

static void account_unit(struct accounts *accounts, const struct unit *unit)
{
	for (size_t s = 0; s < unit->symbol_count; s++) {
		const struct symbol *symbol = unit->symbols[s];
		const char *key = symbol->name;

		if (!*key)
			continue;
		if (symbol->binding == BINDING_LOCAL && symbol->source_file)
			key = arena_printf(accounts->arena, "%s:%s", symbol->source_file, symbol->name);
		*strmap_put(accounts->names, key) = (void *)unit;
	}
}

static bool has_account(const struct accounts *accounts, const char *file, const char *name, size_t length)
{
	char *key =
		file ? xasprintf("%s:%.*s", file, (int)length, name) : xasprintf("%.*s", (int)length, name);
	bool found = strmap_get(accounts->names, key);

	free(key);
	return found;
}

static bool differs(const struct unit *unit)
{
	return unit->status != UNIT_SAME || unit->line_only || (unit->match && unit->match->line_only);
}

// clang puts small constant arrays among the mergeable constants, which have no identity but their contents; this
// one has a name, and the name has other contents in OTHER.
static bool named_literal_differs(const struct unit *unit, struct object *other)
{
	const struct symbol *symbol;
	const struct unit *same;

	if (unit->kind != UNIT_LITERAL || !unit->symbol_count || !other)
		return false;
	symbol = object_find(other, unit->symbols[0]->name);
	same = symbol ? symbol->unit : NULL;
	return !same || same->size != unit->size || !same->section->data || !unit->section->data ||
	       memcmp(same->section->data + same->offset, unit->section->data + unit->offset, unit->size) !=
		       0;
}

// One unit under another name, or known to others than before: `static` taken away, a function renamed.
static bool is_renamed(const struct unit *unit)
{
	const struct symbol *here, *there;

	if (!unit->match || !unit->symbol_count || !unit->match->symbol_count)
		return false;
	here = unit->symbols[0];
	there = unit->match->symbols[0];
	return (here->binding == BINDING_LOCAL) != (there->binding == BINDING_LOCAL) ||
	       strcmp(here->name, there->name) != 0;
}

static void account_object(struct accounts *accounts, const struct object *object, struct object *other,
			   bool whole)
{
	for (size_t u = 0; object && u < object->unit_count; u++) {
		const struct unit *unit = &object->units[u];
		const struct unit *owner = unit->owner ? unit->owner : unit;

		if (whole || differs(unit) || is_renamed(unit) || differs(owner) ||
		    (unit->match && differs(unit->match)) || named_literal_differs(unit, other))
			account_unit(accounts, unit);
	}
}

// Objects of one side only: all that is in them is new, or gone.
static struct object *load_whole(const struct diff *diff, const struct pair *pair, struct diags *diags)
{
	if (pair->status == PAIR_NEW && pair->new_input && !pair->new)
		return tree_load(&diff->new_tree, pair->new_input, diff->names, diags);
	if (pair->status == PAIR_REMOVED && pair->old_input && !pair->old)
		return tree_load(&diff->old_tree, pair->old_input, diff->names, diags);
	return NULL;
}

static void account(struct accounts *accounts, const struct diff *diff, struct diags *diags)
{
	for (size_t i = 0; i < diff->pair_count; i++) {
		const struct pair *pair = &diff->pairs[i];
		bool whole = pair->status == PAIR_NEW || pair->status == PAIR_REMOVED;
		struct object *loaded = load_whole(diff, pair, diags);

		account_object(accounts, pair->old, pair->new, whole);
		account_object(accounts, pair->new, pair->old, whole);
		if (loaded) {
			account_object(accounts, loaded, NULL, true);
			object_free(loaded); // names are the diff's, they stay
		}
	}
}

// By the name, or, for `foo.cold` and `foo.part.0`, by `foo`. A hidden global is a local of no file, or, from lld,
// of the wrong one; so a local may go by its name alone when that is a global's.
static bool symbol_accounted(const struct accounts *accounts, const struct image_symbol *symbol)
{
	size_t whole = strlen(symbol->name), base = strcspn(symbol->name, ".");

	return has_account(accounts, NULL, symbol->name, whole) ||
	       has_account(accounts, symbol->file, symbol->name, whole) ||
	       has_account(accounts, NULL, symbol->name, base) ||
	       has_account(accounts, symbol->file, symbol->name, base);
}

// Any of the names at its address.
static bool is_accounted(const struct accounts *accounts, const struct image *image,
			 const struct thing *thing)
{
	const struct image_symbol *const *list;
	size_t count;

	list = image_symbols_at(image, thing->vaddr, &count);
	for (size_t i = 0; i < count; i++)
		if (symbol_accounted(accounts, list[i]))
			return true;
	return false;
}

// ---- what differs --------------------------------------------------------------------------------

static bool is_relro(const struct image *image, uint64_t vaddr)
{
	const struct hp_image_section *section = image_section_at(image, vaddr);

	return section && !strncmp(section->name, ".data.rel.ro", 12);
}

static bool matters(const struct side *side, const struct thing *thing)
{
	if (!thing->size || thing->symbol->kind == SYMBOL_NOTYPE || thing_is_function_name(thing))
		return false;
	return thing->code || !image_mapped(side->image, thing->vaddr, 1, PF_W) ||
	       is_relro(side->image, thing->vaddr);
}

static void report(const struct comparing *comparing, const struct thing *thing, const char *how,
		   struct diags *diags)
{
	struct diag place = {.severity = DIAG_REFUSAL,
			     .code = "object-missing",
			     .object = comparing->old.image->path,
			     .symbol = thing->symbol->name};
	const char *file = thing->symbol->file;

	diags_add(diags, &place,
		  "%s%s%s %s between the old and the new image, but no object in the trees does; "
		  "add the objects it was linked from to both trees",
		  thing->code ? "the function" : "the constant", file ? " of " : "", file ? file : "", how);
}

struct finding {
	const struct thing *thing;
	const char *how;
};

typedef VEC(struct finding) finding_list;

static void compare_side(const struct comparing *comparing, const struct accounts *accounts, bool old_side,
			 finding_list *found)
{
	const struct side *side = old_side ? &comparing->old : &comparing->new_side;

	for (size_t i = 0; i < side->thing_count; i++) {
		const struct thing *thing = &side->things[i];
		const char *how = NULL;

		if (!matters(side, thing))
			continue;
		if (!thing->other)
			how = old_side ? "is gone" : "is new";
		else if (old_side && !things_equal(comparing, thing, thing->other))
			how = "differs";
		if (how && !is_accounted(accounts, side->image, thing))
			*vec_push(found) = (struct finding){thing, how};
	}
}

// ---- what is proven ------------------------------------------------------------------------------

// Where the new image has what the old one has at an address, proven by matching both with their objects.
struct proof {
	const struct comparing *comparing;
	struct intmap *places; // old address -> new address + 1
};

static void prove_unit(struct proof *proof, const struct placement *old,
		       const struct placement *new_placement, const struct unit *unit,
		       const struct unit *match)
{
	const struct unit_place *place = place_of(old, unit), *other = place_of(new_placement, match);

	if (place->state == PLACE_MATCHED && other->state == PLACE_MATCHED)
		*intmap_put(proof->places, place->vaddr) = (void *)(uintptr_t)(other->vaddr + 1);
}

// OLD and NEW are one object when both builds have the same bytes of it.
static void prove_object(struct proof *proof, const struct object *old, const struct object *new_object)
{
	struct placement *place = match_object(proof->comparing->old.image, old), *other = NULL;

	if (place->result == MATCH_FULL)
		other = match_object(proof->comparing->new_side.image, new_object);
	for (size_t u = 0; other && other->result == MATCH_FULL && u < old->unit_count; u++) {
		const struct unit *unit = &old->units[u];

		if (old == new_object)
			prove_unit(proof, place, other, unit, unit);
		else if (unit->match && !differs(unit) && !differs(unit->match))
			prove_unit(proof, place, other, unit, unit->match);
	}
	if (other)
		placement_free(other);
	placement_free(place);
}

/*
 * Comparing two images has no relocations to go by, so it errs towards a difference: `lea x(%rip)` of two bytes of
 * zero that have no name may be anything. What is in both images as the same unit of the same object is no finding.
 * Looked at only when there are findings.
 */
static void drop_proven(const struct comparing *comparing, const struct diff *diff, finding_list *found,
			struct diags *diags)
{
	struct proof proof = {comparing, intmap_new()};
	size_t kept = 0;

	for (size_t i = 0; i < diff->pair_count; i++) {
		const struct pair *pair = &diff->pairs[i];
		struct object *loaded = NULL;

		if (pair->old && pair->new) {
			prove_object(&proof, pair->old, pair->new);
		} else if (pair->status == PAIR_SAME && pair->old_input) {
			loaded = tree_load(&diff->old_tree, pair->old_input, diff->names, diags);
			if (loaded)
				prove_object(&proof, loaded, loaded);
		}
		if (loaded)
			object_free(loaded);
	}
	for (size_t i = 0; i < found->count; i++) {
		const struct thing *thing = found->at[i].thing;
		uintptr_t place = (uintptr_t)intmap_get(proof.places, thing->vaddr);

		if (!thing->other || !place || place != thing->other->vaddr + 1)
			found->at[kept++] = found->at[i];
	}
	found->count = kept;
	intmap_free(proof.places);
}

static size_t compare_accounted(struct comparing *comparing, const struct diff *diff, struct diags *diags)
{
	struct accounts accounts = {comparing->arena, strmap_new()};
	finding_list found = {0};
	size_t count;

	account(&accounts, diff, diags);
	pair_things(comparing);
	compare_side(comparing, &accounts, true, &found);
	compare_side(comparing, &accounts, false, &found);
	if (found.count)
		drop_proven(comparing, diff, &found, diags);
	for (size_t i = 0; i < found.count && i < NAMED_MAX; i++)
		report(comparing, found.at[i].thing, found.at[i].how, diags);
	if (found.count > NAMED_MAX) {
		struct diag place = {.severity = DIAG_REFUSAL,
				     .code = "object-missing",
				     .object = comparing->old.image->path};

		diags_add(diags, &place,
			  "%zu more functions or constants differ between the images and in no object",
			  found.count - NAMED_MAX);
	}
	count = found.count;
	free(found.at);
	strmap_free(accounts.names);
	return count;
}

static bool same_build(const struct image *old, const struct image *new_image)
{
	return old->build_id_size == new_image->build_id_size &&
	       !memcmp(old->build_id, new_image->build_id, old->build_id_size);
}

size_t check_missing(const struct image *old, const struct image *new_image, const struct diff *diff,
		     struct diags *diags)
{
	struct diag place = {.severity = DIAG_REFUSAL, .code = "object-missing", .object = old->path};
	struct comparing comparing = {.old = {.image = old}, .new_side = {.image = new_image}};
	size_t count;

	if (same_build(old, new_image))
		return 0;
	if (old->arch != new_image->arch || old->elf_type != new_image->elf_type) {
		diags_add(diags, &place, "the new image is of another kind; build both sides alike");
		return 1;
	}
	if (!old->full_symbols || !new_image->full_symbols) {
		diags_add(diags, &place,
			  "without symbols it cannot be told whether more than the objects differs; put "
			  "unstripped "
			  "images, or their separate debug files, beside them");
		return 1;
	}
	comparing.link = arch_link(old->arch);
	comparing.diff = diff;
	comparing.arena = arena_new();
	count = compare_accounted(&comparing, diff, diags);
	arena_free(comparing.arena);
	return count;
}
