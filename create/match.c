// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Run-pre matching of one object: names (or bytes) propose places for its sections; sections that fit at exactly
 * one place are taken; what their relocation fields say places, or contradicts, the rest. The unit of placement
 * is the section, for that is what a linker moves; in mergeable sections it is the string or constant.
 */
#include "create/match-private.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

enum { CANDIDATES_MAX = 64 };

static struct section_place *place_of_section(const struct matching *matching, const struct section *section)
{
	return &matching->sections[section->index];
}

// ---- which sections have a place -----------------------------------------------------------------

static enum section_state first_state(const struct section *section)
{
	if (!(section->flags & SECTION_ALLOC))
		return SECTION_IGNORED;
	if (section->role == ROLE_UNWIND || section->role == ROLE_NOTE || section->role == ROLE_DEBUG ||
	    section->role == ROLE_SPECIAL)
		return SECTION_IGNORED; // edited and sorted by linkers
	if (section->flags & SECTION_MERGE && section->entry_size && !section->reloc_count)
		return SECTION_MERGED;
	return SECTION_OPEN;
}

static bool all_weak(const struct section *section)
{
	size_t named = 0;

	if (section->group)
		return true;
	for (size_t i = 0; i < section->unit_count; i++) {
		const struct unit *unit = section->units[i];

		for (size_t j = 0; j < unit->symbol_count; j++, named++)
			if (unit->symbols[j]->binding != BINDING_WEAK)
				return false;
	}
	return named > 0;
}

static void set_up(struct matching *matching)
{
	const struct object *object = matching->object;

	matching->sections = arena_array(matching->arena, object->section_count, sizeof(*matching->sections));
	for (size_t i = 1; i < object->section_count; i++) {
		matching->sections[i].state = first_state(&object->sections[i]);
		matching->sections[i].weak = all_weak(&object->sections[i]);
	}
}

// ---- candidates by name --------------------------------------------------------------------------

static bool is_label(const struct symbol *symbol)
{
	return symbol->kind == SYMBOL_SECTION || !*symbol->name ||
	       (symbol->binding == BINDING_LOCAL && symbol->name[0] == '.' && symbol->name[1] == 'L');
}

static uint64_t address_of(const struct image *image, const struct image_symbol *symbol)
{
	return symbol->kind == SYMBOL_TLS ? image->tls_vaddr + symbol->vaddr : symbol->vaddr;
}

// A static stays local, in the scope of its own file. A global stays one, or is made local when it is hidden; then
// its file says nothing (GNU ld has it under none, lld under the last).
static bool could_be(const struct symbol *symbol, const struct image_symbol *found)
{
	if (symbol->binding == BINDING_LOCAL && found->binding != BINDING_LOCAL)
		return false;
	if (symbol->binding == BINDING_LOCAL && symbol->source_file && found->file &&
	    strcmp(found->file, symbol->source_file) != 0)
		return false;
	return (symbol->kind == SYMBOL_TLS) == (found->kind == SYMBOL_TLS) && !found->absolute;
}

// Whether the image's local FOUND belongs to this object's file, as far as is known.
static bool is_ours(const struct matching *matching, const struct symbol *symbol,
		    const struct image_symbol *found)
{
	if (!could_be(symbol, found))
		return false;
	if (symbol->binding != BINDING_LOCAL || !symbol->source_file || !found->file)
		return true;
	return !matching->file_position || found->file_position == matching->file_position;
}

static bool known_candidate(const struct section_place *place, uint64_t vaddr)
{
	for (size_t i = 0; i < place->candidates.count; i++)
		if (place->candidates.at[i].vaddr == vaddr)
			return true;
	return false;
}

// The failure that came farthest is the one worth telling.
static void note_failure(struct section_place *place, uint64_t vaddr, const struct difference *difference)
{
	if (place->wrong && place->wrong_offset >= difference->offset)
		return;
	place->wrong = difference->what;
	place->wrong_offset = difference->offset;
	place->tried_vaddr = vaddr;
}

static void propose(struct matching *matching, const struct section *section, const struct symbol *symbol,
		    const struct image_symbol *found)
{
	struct section_place *place = place_of_section(matching, section);
	uint64_t vaddr = address_of(matching->image, found) - symbol->value;
	struct difference difference;
	struct candidate fits;

	if (place->candidates.count >= CANDIDATES_MAX || known_candidate(place, vaddr))
		return;
	if (!match_compare(matching, section, 0, section->size, vaddr, &fits, &difference)) {
		note_failure(place, vaddr, &difference);
		return;
	}
	fits.file = found->file;
	fits.file_position = found->file_position;
	*vec_push(&place->candidates) = fits;
}

static void propose_by_symbol(struct matching *matching, const struct section *section,
			      const struct symbol *symbol)
{
	const struct image_symbol *const *list;
	bool global = false;
	size_t count;

	list = image_find(matching->image, symbol->name, &count);
	for (size_t i = 0; i < count; i++)
		global = global || (could_be(symbol, list[i]) && list[i]->binding != BINDING_LOCAL);
	for (size_t i = 0; i < count; i++)
		if (could_be(symbol, list[i]) && (!global || list[i]->binding != BINDING_LOCAL))
			propose(matching, section, symbol, list[i]);
}

static void propose_by_names(struct matching *matching)
{
	for (size_t i = 1; i < matching->object->section_count; i++) {
		const struct section *section = &matching->object->sections[i];

		if (matching->sections[i].state != SECTION_OPEN)
			continue;
		for (size_t u = 0; u < section->unit_count; u++)
			for (size_t s = 0; s < section->units[u]->symbol_count; s++)
				if (!is_label(section->units[u]->symbols[s]))
					propose_by_symbol(matching, section, section->units[u]->symbols[s]);
		if (!matching->image->full_symbols && !matching->sections[i].candidates.count &&
		    section->flags & SECTION_EXEC)
			match_search(matching, section);
	}
}

// ---- placing -------------------------------------------------------------------------------------

static void take_place(struct matching *matching, const struct section *section,
		       const struct candidate *candidate)
{
	struct section_place *place = place_of_section(matching, section);

	place->state = SECTION_PLACED;
	place->chosen = *candidate;
	*vec_push(&matching->queue) = section->index;
}

// A weak definition among others of its section stays in the image without a name when another object's is taken.
static bool gave_way(const struct matching *matching, const struct section *section,
		     const struct symbol *symbol)
{
	return symbol->binding == BINDING_WEAK && !place_of_section(matching, section)->weak;
}

static bool names_allow(const struct matching *matching, const struct section *section, uint64_t vaddr)
{
	for (size_t u = 0; u < section->unit_count; u++) {
		const struct unit *unit = section->units[u];

		for (size_t s = 0; s < unit->symbol_count; s++)
			if (!is_label(unit->symbols[s]) && !gave_way(matching, section, unit->symbols[s]) &&
			    !match_names_agree(matching, unit->symbols[s], vaddr + unit->symbols[s]->value))
				return false;
	}
	return true;
}

// A reference says that SECTION is at VADDR. It is there, or it is not what the object has.
static void place_at(struct matching *matching, const struct section *section, uint64_t vaddr)
{
	struct section_place *place = place_of_section(matching, section);
	struct difference difference;
	struct candidate fits;

	for (size_t i = 0; i < place->candidates.count; i++) {
		if (place->candidates.at[i].vaddr == vaddr) {
			take_place(matching, section, &place->candidates.at[i]);
			return;
		}
	}
	if (!match_compare(matching, section, 0, section->size, vaddr, &fits, &difference)) {
		place->state = SECTION_DIFFERS;
	} else if (!names_allow(matching, section, vaddr)) {
		place->state = SECTION_DIFFERS;
		difference = (struct difference){0, "the image has it elsewhere by name"};
	} else {
		take_place(matching, section, &fits);
		return;
	}
	place->wrong = difference.what;
	place->wrong_offset = difference.offset;
	place->tried_vaddr = vaddr;
}

// ---- what placed sections say about others --------------------------------------------------------

static bool conflict(struct difference *difference, const struct observation *seen, const char *what)
{
	*difference = (struct difference){seen->reloc->offset, what};
	return false;
}

static bool check_literal(const struct matching *matching, const struct observation *seen,
			  struct difference *difference)
{
	const struct unit *unit = seen->reloc->target;
	const struct section *section = seen->reloc->symbol->section;
	const uint8_t *bytes;
	uint64_t vaddr;

	if (!unit || !section->data)
		return conflict(difference, seen,
				"a reference into a mergeable section, to no constant of it");
	vaddr = seen->vaddr + unit->offset - seen->reloc->symbol->value;
	bytes = image_bytes(matching->image, vaddr, unit->size);
	if (!bytes || image_mapped(matching->image, vaddr, unit->size, PF_W) ||
	    memcmp(bytes, section->data + unit->offset, unit->size) != 0)
		return conflict(difference, seen, "refers to another string or constant");
	return true;
}

static bool check_symbol(const struct matching *matching, const struct observation *seen,
			 struct difference *difference)
{
	const struct symbol_place *known = &matching->placement->symbols[seen->reloc->symbol->index];

	if ((known->has_address && seen->has_address && known->vaddr != seen->vaddr) ||
	    (known->zero && seen->has_address) || (known->has_address && seen->zero))
		return conflict(difference, seen,
				arena_printf(matching->arena,
					     "places `%s` elsewhere than other references do",
					     seen->reloc->symbol->name));
	return true;
}

// Known to be at another place than VADDR: placed, or with names in the image that are right elsewhere only.
static bool elsewhere(const struct matching *matching, const struct section_place *place, uint64_t vaddr)
{
	if (place->state == SECTION_PLACED)
		return place->chosen.vaddr != vaddr;
	return place->state == SECTION_OPEN && place->candidates.count && matching->image->full_symbols &&
	       !known_candidate(place, vaddr);
}

static const char *name_of_section(const struct section *section)
{
	return section->unit_count == 1 && *section->units[0]->name ? section->units[0]->name : section->name;
}

static bool check_observation(const struct matching *matching, const struct observation *seen,
			      struct difference *difference)
{
	const struct symbol *symbol = seen->reloc->symbol;
	const struct section_place *place;

	if (!symbol->section || !seen->has_address)
		return check_symbol(matching, seen, difference);
	place = place_of_section(matching, symbol->section);
	if (place->state == SECTION_MERGED)
		return check_literal(matching, seen, difference);
	// A weak definition may have given way to another object's.
	if (!place->weak && symbol->binding != BINDING_WEAK &&
	    elsewhere(matching, place, seen->vaddr - symbol->value))
		return conflict(difference, seen,
				arena_printf(matching->arena, "refers elsewhere than to `%s`",
					     name_of_section(symbol->section)));
	return true;
}

static void note_symbol(struct matching *matching, const struct observation *seen)
{
	struct symbol_place *place = &matching->placement->symbols[seen->reloc->symbol->index];

	place->seen = true;
	place->zero = place->zero || seen->zero;
	if (seen->has_address) {
		place->has_address = true;
		place->vaddr = seen->vaddr;
		if (seen->reloc->symbol->kind == SYMBOL_TLS || seen->reloc->info->kind == RELOC_TLS) {
			place->has_tls_offset = true;
			place->tls_offset = seen->vaddr - matching->image->tls_vaddr;
		}
	}
	place->plt = place->plt ? place->plt : seen->plt;
	place->slot = place->slot ? place->slot : seen->slot;
	place->tls_module = place->tls_module ? place->tls_module : seen->tls_module;
	place->tp_offset = place->tp_offset ? place->tp_offset : seen->tp_offset;
	place->tls_descriptor = place->tls_descriptor ? place->tls_descriptor : seen->tls_descriptor;
}

static void note_literal(struct matching *matching, const struct observation *seen)
{
	const struct unit *unit = seen->reloc->target;
	struct unit_place *place = &matching->placement->units[unit - matching->object->units];

	if (place->state == PLACE_MATCHED)
		return;
	place->state = PLACE_MATCHED;
	place->vaddr = seen->vaddr + unit->offset - seen->reloc->symbol->value;
}

static void apply_observation(struct matching *matching, const struct observation *seen)
{
	const struct symbol *symbol = seen->reloc->symbol;
	struct section_place *place;

	if (symbol->kind != SYMBOL_SECTION)
		note_symbol(matching, seen);
	if (!symbol->section || !seen->has_address)
		return;
	place = place_of_section(matching, symbol->section);
	if (place->state == SECTION_MERGED)
		note_literal(matching, seen);
	else if (place->state == SECTION_OPEN && (place->weak || symbol->binding != BINDING_WEAK))
		place_at(matching, symbol->section, seen->vaddr - symbol->value);
}

// All that a placed section says holds together with what is known, or the section is not what it seemed.
static void take_observations(struct matching *matching, uint32_t index)
{
	struct section_place *place = &matching->sections[index];
	struct difference difference;

	for (size_t i = 0; i < place->chosen.observation_count; i++) {
		if (check_observation(matching, &place->chosen.observations[i], &difference))
			continue;
		place->state = SECTION_DIFFERS;
		place->wrong = difference.what;
		place->wrong_offset = difference.offset;
		place->tried_vaddr = place->chosen.vaddr;
		return;
	}
	for (size_t i = 0; i < place->chosen.observation_count; i++)
		apply_observation(matching, &place->chosen.observations[i]);
}

static void drain(struct matching *matching)
{
	for (size_t i = 0; i < matching->queue.count; i++)
		take_observations(matching, matching->queue.at[i]);
	matching->queue.count = 0;
}

// ---- telling equal places apart --------------------------------------------------------------------

// The STT_FILE under which the image lists most of the statics placed so far (majority vote of Boyer and Moore).
static void find_file_position(struct matching *matching)
{
	size_t votes = 0;

	for (size_t u = 0; u < matching->object->unit_count; u++) {
		const struct unit *unit = &matching->object->units[u];
		const struct section_place *place = place_of_section(matching, unit->section);
		const struct image_symbol *const *list;
		size_t count;

		if (place->state != SECTION_PLACED || !unit->symbol_count ||
		    unit->symbols[0]->binding != BINDING_LOCAL || is_label(unit->symbols[0]))
			continue;
		list = image_symbols_at(matching->image, place->chosen.vaddr + unit->offset, &count);
		for (size_t i = 0; i < count; i++) {
			if (!list[i]->file_position || strcmp(list[i]->name, unit->symbols[0]->name) != 0)
				continue;
			if (!votes)
				matching->file_position = list[i]->file_position;
			votes += list[i]->file_position == matching->file_position ? 1 : -1;
		}
	}
}

static const struct candidate *only_one(const struct matching *matching, const struct section *section,
					bool by_position)
{
	const struct section_place *place = place_of_section(matching, section);
	const char *file = matching->object->source_file;
	const struct candidate *only = NULL;

	for (size_t i = 0; i < place->candidates.count; i++) {
		const struct candidate *candidate = &place->candidates.at[i];
		bool fits = by_position ? candidate->file_position == matching->file_position
					: candidate->file && !strcmp(candidate->file, file);

		if (fits && only)
			return NULL;
		if (fits)
			only = candidate;
	}
	return only;
}

// The first section that can be told by the file symbols; false when there is none.
static bool settle_one(struct matching *matching)
{
	find_file_position(matching);
	for (size_t i = 1; i < matching->object->section_count; i++) {
		const struct section *section = &matching->object->sections[i];
		const struct candidate *only = NULL;

		if (matching->sections[i].state != SECTION_OPEN || matching->sections[i].candidates.count < 2)
			continue;
		if (matching->file_position)
			only = only_one(matching, section, true);
		else if (matching->object->source_file)
			only = only_one(matching, section, false);
		if (only) {
			take_place(matching, section, only);
			return true;
		}
	}
	return false;
}

static void place_all(struct matching *matching)
{
	for (size_t i = 1; i < matching->object->section_count; i++)
		if (matching->sections[i].state == SECTION_OPEN &&
		    matching->sections[i].candidates.count == 1)
			take_place(matching, &matching->object->sections[i],
				   &matching->sections[i].candidates.at[0]);
	do
		drain(matching);
	while (settle_one(matching));
}

// ---- the result ----------------------------------------------------------------------------------

// An image symbol that is this unit's by all that names can tell.
static const struct image_symbol *named_symbol(const struct matching *matching, const struct unit *unit)
{
	for (size_t s = 0; s < unit->symbol_count; s++) {
		const struct image_symbol *const *list;
		size_t count;

		if (is_label(unit->symbols[s]))
			continue;
		list = image_find(matching->image, unit->symbols[s]->name, &count);
		for (size_t i = 0; i < count; i++)
			if (is_ours(matching, unit->symbols[s], list[i]))
				return list[i];
	}
	return NULL;
}

static bool has_name(const struct unit *unit)
{
	for (size_t s = 0; s < unit->symbol_count; s++)
		if (!is_label(unit->symbols[s]))
			return true;
	return false;
}

// In a section that does not match as a whole, a function may still be what the image has under its name.
static bool matches_alone(struct matching *matching, const struct unit *unit,
			  const struct image_symbol *found, struct unit_place *place,
			  struct difference *difference)
{
	uint64_t vaddr = address_of(matching->image, found);

	if (unit->section->unit_count < 2)
		return false;
	if (!match_compare(matching, unit->section, unit->offset, unit->offset + unit->size,
			   vaddr - unit->offset, NULL, difference))
		return false;
	*place = (struct unit_place){.state = PLACE_MATCHED, .vaddr = vaddr};
	return true;
}

static void finish_open(struct matching *matching, const struct unit *unit, struct unit_place *place)
{
	const struct section_place *section = place_of_section(matching, unit->section);
	const struct image_symbol *found = named_symbol(matching, unit);
	struct difference difference;

	if (section->state == SECTION_OPEN && section->candidates.count > 1)
		place->state = PLACE_AMBIGUOUS;
	else if (section->state == SECTION_OPEN && !found)
		place->state =
			matching->image->full_symbols && has_name(unit) ? PLACE_DROPPED : PLACE_UNKNOWN;
	else if (section->weak)
		*place = (struct unit_place){.state = PLACE_OVERRIDDEN,
					     .vaddr = found ? address_of(matching->image, found) : 0};
	else if (!found || !matches_alone(matching, unit, found, place, &difference))
		*place = (struct unit_place){.state = PLACE_DIFFERS,
					     .vaddr = section->tried_vaddr + unit->offset};
}

// All of a placed unit's names are weak, and the image has them elsewhere.
static bool is_overridden(const struct matching *matching, const struct unit *unit, uint64_t vaddr,
			  uint64_t *other)
{
	const struct image_symbol *const *list;
	size_t count;

	if (!matching->image->full_symbols || !unit->symbol_count)
		return false;
	for (size_t s = 0; s < unit->symbol_count; s++) {
		if (unit->symbols[s]->binding != BINDING_WEAK)
			return false;
		list = image_find(matching->image, unit->symbols[s]->name, &count);
		for (size_t i = 0; i < count; i++)
			if (address_of(matching->image, list[i]) == vaddr)
				return false;
		if (count)
			*other = address_of(matching->image, list[0]);
	}
	return *other;
}

static void finish_units(struct matching *matching)
{
	for (size_t u = 0; u < matching->object->unit_count; u++) {
		const struct unit *unit = &matching->object->units[u];
		const struct section_place *section = place_of_section(matching, unit->section);
		struct unit_place *place = &matching->placement->units[u];
		uint64_t vaddr = section->chosen.vaddr + unit->offset, other = 0;

		if (section->state == SECTION_PLACED && is_overridden(matching, unit, vaddr, &other))
			*place = (struct unit_place){.state = PLACE_OVERRIDDEN, .vaddr = other};
		else if (section->state == SECTION_PLACED)
			*place = (struct unit_place){.state = PLACE_MATCHED, .vaddr = vaddr};
		else if (section->state == SECTION_OPEN || section->state == SECTION_DIFFERS)
			finish_open(matching, unit, place);
	}
}

static bool is_function(const struct unit *unit)
{
	return unit->kind == UNIT_FUNCTION && !unit->owner;
}

static void count_units(struct matching *matching)
{
	struct placement *placement = matching->placement;

	for (size_t u = 0; u < matching->object->unit_count; u++) {
		if (!is_function(&matching->object->units[u]))
			continue;
		placement->functions++;
		placement->matched += placement->units[u].state == PLACE_MATCHED;
		placement->dropped += placement->units[u].state == PLACE_DROPPED;
		placement->overridden += placement->units[u].state == PLACE_OVERRIDDEN;
		placement->differing += placement->units[u].state == PLACE_DIFFERS;
	}
}

static void list_mismatches(struct matching *matching, bool functions)
{
	struct placement *placement = matching->placement;

	for (size_t u = 0; u < matching->object->unit_count; u++) {
		const struct unit *unit = &matching->object->units[u];
		const struct section_place *section = place_of_section(matching, unit->section);
		struct mismatch *mismatch = &placement->mismatches[placement->mismatch_count];

		if (placement->units[u].state != PLACE_DIFFERS || (unit->kind == UNIT_FUNCTION) != functions)
			continue;
		*mismatch = (struct mismatch){unit, 0, placement->units[u].vaddr, "another section differs"};
		if (section->wrong && section->wrong_offset - unit->offset <= unit->size) {
			mismatch->offset = section->wrong_offset - unit->offset;
			mismatch->what = section->wrong;
		}
		placement->mismatch_count++;
	}
}

static bool source_in_image(const struct matching *matching)
{
	const char *file = matching->object->source_file;

	return file && image_has_file(matching->image, file);
}

// Linkers keep the file symbols of all objects, those without a local symbol too: an image that has some, and not
// this one, does not have the object, whatever small functions they share.
static bool source_elsewhere(const struct placement *placement)
{
	return placement->object->source_file && image_names_files(placement->image) &&
	       !placement->source_in_image;
}

static size_t count_state(const struct placement *placement, enum place_state state, bool functions)
{
	size_t count = 0;

	for (size_t u = 0; u < placement->object->unit_count; u++)
		count += placement->units[u].state == state &&
			 placement->object->units[u].kind != UNIT_LITERAL &&
			 (!functions || is_function(&placement->object->units[u]));
	return count;
}

// Without file symbols a few small functions that are everywhere alike say nothing.
static bool mere_resemblance(const struct placement *placement, size_t alike)
{
	return !image_names_files(placement->image) && alike * 4 < placement->functions;
}

static enum match_result judge(const struct placement *placement)
{
	bool data_only = !placement->functions;
	size_t alike = data_only ? count_state(placement, PLACE_MATCHED, false) : placement->matched;
	size_t unclear = count_state(placement, PLACE_AMBIGUOUS, !data_only);

	if (source_elsewhere(placement))
		return MATCH_ABSENT;
	if (alike && mere_resemblance(placement, alike))
		return MATCH_ABSENT;
	if (alike)
		return placement->mismatch_count ? MATCH_PARTIAL : MATCH_FULL;
	if (unclear)
		return mere_resemblance(placement, unclear) ? MATCH_ABSENT : MATCH_AMBIGUOUS;
	return placement->source_in_image && placement->differing ? MATCH_PARTIAL : MATCH_ABSENT;
}

static void finish(struct matching *matching)
{
	struct placement *placement = matching->placement;

	finish_units(matching);
	count_units(matching);
	placement->mismatches = arena_array(matching->arena, matching->object->unit_count + 1,
					    sizeof(*placement->mismatches));
	list_mismatches(matching, true);
	list_mismatches(matching, false);
	placement->source_in_image = source_in_image(matching);
	placement->result = judge(placement);
}

struct placement *match_object(const struct image *image, const struct object *object)
{
	struct arena *arena = arena_new();
	struct placement *placement = arena_alloc(arena, sizeof(*placement));
	struct matching matching = {.image = image,
				    .object = object,
				    .link = arch_link(image->arch),
				    .arena = arena,
				    .placement = placement};

	placement->object = object;
	placement->image = image;
	placement->arena = arena;
	placement->units = arena_array(arena, object->unit_count + 1, sizeof(*placement->units));
	placement->symbols = arena_array(arena, object->symbol_count + 1, sizeof(*placement->symbols));
	placement->result = MATCH_ABSENT;
	if (object->arch != image->arch)
		return placement;
	set_up(&matching);
	propose_by_names(&matching);
	place_all(&matching);
	finish(&matching);
	for (size_t i = 0; i < object->section_count; i++)
		free(matching.sections[i].candidates.at);
	free(matching.queue.at);
	return placement;
}

void placement_free(struct placement *placement)
{
	if (placement)
		arena_free(placement->arena);
}
