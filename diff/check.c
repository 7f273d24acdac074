// SPDX-License-Identifier: GPL-3.0-or-later
// Refusals that need no image (DESIGN.md section 5): each check says which differences cannot be put into a running
// program, where they are, and what to do instead.
#include "diff/debug.h"
#include "diff/model.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct checker {
	const struct pair *pair;
	struct diags *diags;
};

PRINTF_LIKE(4, 5)
static void refuse(const struct checker *checker, const char *code, const struct unit *unit,
		   const char *format, ...)
{
	struct diag place = {.severity = DIAG_REFUSAL,
			     .code = code,
			     .object = checker->pair->path,
			     .section = unit->section->name,
			     .symbol = *unit->name ? unit->name : NULL};
	va_list arguments;
	char text[512];

	debug_declared(unit->object, unit->section, unit->offset, &place.file, &place.line);
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	// A source place takes the symbol's place in the printed line.
	diags_add(checker->diags, &place, "%s%s%s", place.file ? unit->name : "",
		  place.file && *unit->name ? " " : "", text);
}

static bool is_thread_local(const struct unit *unit)
{
	return unit->section->flags & SECTION_TLS;
}

static bool is_kind(const struct unit *unit, enum symbol_kind kind)
{
	for (size_t i = 0; i < unit->symbol_count; i++)
		if (unit->symbols[i]->kind == kind)
			return true;
	return false;
}

// ---- functions -----------------------------------------------------------------------------------

static bool is_preamble(const struct unit *unit)
{
	return unit->owner && !strncmp(unit->name, "__cfi_", 6);
}

/*
 * -fsanitize=kcfi: what a call through a pointer looks at, in front of the function. Of a replaced function pointers go on meaning
 * the old entry, in front of which it stays; a new one to which nothing points needs none. Then the function comes without it.
 */
static bool is_left_behind(const struct unit *unit)
{
	const struct unit *function = unit->owner;

	if (!is_preamble(unit))
		return false;
	if (function->match)
		return unit->match && unit->match->size == unit->size &&
		       masked_bytes_equal(unit->match, unit);
	return !function->address_taken && function->symbol_count &&
	       function->symbols[0]->binding == BINDING_LOCAL;
}

// Is there one function, and what else there is stands in front of it?
static bool only_preambles(const struct section *section)
{
	size_t count = 0;

	for (size_t i = 0; i < section->unit_count; i++)
		count += section->units[i]->kind == UNIT_FUNCTION && !is_preamble(section->units[i]);
	return count < 2;
}

static size_t functions_in(const struct section *section)
{
	size_t count = 0;

	for (size_t i = 0; i < section->unit_count; i++)
		count += section->units[i]->kind == UNIT_FUNCTION && !is_left_behind(section->units[i]);
	return count;
}

/*
 * A function that an attribute puts into a section (the kernel's __sched: .sched.text) shares it whatever the compiler's
 * flags. It can be taken out when all instructions are understood, so that no distance to a neighbour is overlooked, and
 * none of these distances is of one byte.
 */
static bool can_be_taken_out(const struct unit *unit)
{
	const struct arch *arch = unit->object->arch;
	uint64_t end = unit->offset + unit->size;
	struct code_distance distance;

	if (!strncmp(unit->section->name, ".text", 5) || !arch->distance || !unit->section->data)
		return false;
	for (uint64_t at = unit->offset; at < end; at += distance.length)
		if (!arch->distance(unit->section->data + at, end - at, &distance) || !distance.length)
			return false;
	for (size_t i = 0; i < unit->reloc_count; i++)
		if (unit->relocs[i].implied && unit->relocs[i].info->size < 4)
			return false;
	return true;
}

/* Once per section: all its functions have the same trouble. */
static void check_function_sections(const struct checker *checker)
{
	const struct object *object = checker->pair->new;

	for (size_t i = 1; i < object->section_count; i++) {
		const struct section *section = &object->sections[i];

		if (functions_in(section) < 2)
			continue;
		for (size_t k = 0; k < section->unit_count; k++) {
			const struct unit *unit = section->units[k];

			if (unit->kind != UNIT_FUNCTION || unit->status == UNIT_SAME || is_preamble(unit) ||
			    can_be_taken_out(unit))
				continue;
			if (only_preambles(section)) {
				refuse(checker, "no-function-sections", unit,
				       "has a number in front that calls through pointers look at "
				       "(-fsanitize=kcfi), "
				       "and that would not come with it; point to no new function, and leave "
				       "the types "
				       "of those that are pointed to as they were");
				break;
			}
			refuse(checker, "no-function-sections", unit,
			       "shares section %s with other functions and cannot be taken out of it safely; "
			       "build both sides with "
			       "-ffunction-sections -fdata-sections",
			       section->name);
			break;
		}
	}
}

static bool runs_at_start(const struct unit *function)
{
	const struct object *object = function->object;

	for (size_t i = 1; i < object->section_count; i++) {
		const struct section *section = &object->sections[i];

		if (section->role != ROLE_INIT || strstr(section->name, "fini") ||
		    strstr(section->name, "dtors"))
			continue;
		for (size_t k = 0; k < section->reloc_count; k++)
			if (section->relocs[k].target == function)
				return true;
	}
	return false;
}

static bool was_alias(const struct pair *pair, const struct unit *unit)
{
	for (size_t i = 0; i < unit->symbol_count; i++) {
		const struct symbol *old = unit->symbols[i]->binding == BINDING_LOCAL
						   ? NULL
						   : object_find(pair->old, unit->symbols[i]->name);

		if (old && old->unit && old->binding != BINDING_LOCAL)
			return true;
	}
	return false;
}

static bool took_a_name(const struct pair *pair, const struct unit *unit)
{
	for (size_t i = 0; i < unit->symbol_count; i++) {
		const struct symbol *old = unit->symbols[i]->binding == BINDING_LOCAL
						   ? NULL
						   : object_find(pair->old, unit->symbols[i]->name);

		if (old && old->unit && old->binding != BINDING_LOCAL && old->value == old->unit->offset &&
		    old->unit->match && old->unit->match != unit)
			return true;
	}
	return false;
}

// Direct calls are compiled anew; who calls through a pointer that is kept somewhere is not known.
static void check_signature(const struct checker *checker, const struct unit *unit)
{
	struct arena *arena = arena_new();
	const char *before, *after;

	if (unit->match && unit->match->address_taken && unit->address_taken &&
	    function_is_called_otherwise(unit->match, unit, arena, &before, &after))
		refuse(checker, "signature-changed", unit,
		       "was %s and is %s, and its address is taken: calls through old pointers would hand "
		       "over what it "
		       "does not expect; give the new form another name",
		       before, after);
	arena_free(arena);
}

static void check_function(const struct checker *checker, const struct unit *unit)
{
	check_signature(checker, unit);
	if (is_kind(unit, SYMBOL_IFUNC) || (unit->match && is_kind(unit->match, SYMBOL_IFUNC)))
		refuse(checker, "ifunc-changed", unit,
		       "is an indirect function whose resolver has run already; leave the resolver as it is "
		       "and change the "
		       "functions it chooses from");
	if (unit->status == UNIT_CHANGED && runs_at_start(unit))
		refuse(checker, "init-changed", unit,
		       "is a constructor, which has run already; move the fix to code that runs later, or "
		       "restart the program");
	if (unit->status == UNIT_CHANGED && (unit->has_lsda || unit->match->has_lsda))
		refuse(checker, "exception-tables", unit,
		       "has an exception table, which the unwinder would not find for the new code; change a "
		       "function that "
		       "catches and cleans up nothing, or restart the program");
	if (unit->status == UNIT_CHANGED && took_a_name(checker->pair, unit))
		refuse(checker, "symbol-ambiguous", unit,
		       "has a name now that was another function's before, and callers by that name would "
		       "reach the "
		       "other one; leave the name where it was");
	if (unit->status == UNIT_NEW && was_alias(checker->pair, unit))
		refuse(checker, "symbol-ambiguous", unit,
		       "was another name of a function before and is a function of its own now; keep the two "
		       "one, or change both "
		       "callers");
	for (size_t i = 0; i < unit->part_count; i++) {
		const struct unit *part = unit->parts[i];

		if (part->section->special && !part->section->special->dropped &&
		    part->section->unit_count == 1 && part->section->reloc_count > 1 &&
		    part->reloc_count == part->section->reloc_count && !part->section->special->entry_size &&
		    part->size > 64)
			refuse(checker, "special-unsupported", unit,
			       "has entries in %s, whose layout could not be told from its relocations",
			       part->section->name);
	}
}

// ---- data ----------------------------------------------------------------------------------------

static const struct change *find_change(const struct unit *unit, enum change_kind kind)
{
	for (size_t i = 0; i < unit->change_count; i++)
		if (unit->changes[i].kind == kind)
			return &unit->changes[i];
	return NULL;
}

static void check_changed_datum(const struct checker *checker, const struct unit *unit)
{
	const struct change *size = find_change(unit, CHANGE_SIZE),
			    *attribute = find_change(unit, CHANGE_ATTRIBUTE);

	if (attribute && took_a_name(checker->pair, unit))
		refuse(checker, "symbol-ambiguous", unit,
		       "has a name now that was another datum's before, and who refers to it by that name "
		       "would reach the other one; leave the name where it was");
	else if (attribute)
		refuse(checker, "data-layout", unit,
		       "moved from %s to %s, but the running program keeps it where it is; leave its "
		       "qualifiers as they were",
		       attribute->old ? attribute->old : "one section",
		       attribute->new ? attribute->new : "another");
	if (!unit_is_writable(unit) && !is_thread_local(unit))
		return;
	if (size)
		refuse(checker, "data-layout", unit,
		       "is live data whose size changes from %s to %s bytes; keep its size, and put what is "
		       "new into data of its "
		       "own",
		       size->old, size->new);
	else if (!attribute)
		refuse(checker, "data-changed", unit,
		       "is live data whose initial value changes, which a running program never looks at "
		       "again; set the value in "
		       "code instead");
}

/*
 * Initcalls ran when the kernel started, at the time that their table says; exports are what modules were linked with when they
 * were loaded. A new export is of no use to what runs, and one that is gone harms nobody.
 */
static void check_table_entry(const struct checker *checker, const struct unit *unit)
{
	if (unit_is_initcall(unit))
		refuse(checker, "init-changed", unit,
		       "is an initcall that %s, and initcalls run only while the kernel starts; do in code "
		       "that runs later what is to be done, or restart",
		       unit->status == UNIT_NEW              ? "is new"
		       : unit->status == UNIT_REMOVED        ? "is gone"
		       : find_change(unit, CHANGE_ATTRIBUTE) ? "has another level"
							     : "calls another function");
	else if (unit->status == UNIT_CHANGED && unit_is_export(unit))
		refuse(checker, "section-unsupported", unit,
		       "is an export that means something else, and the running kernel and its modules keep "
		       "what they were linked with; export what is new under a name of its own, or restart");
}

static void check_table_entries(const struct checker *checker)
{
	const struct object *old = checker->pair->old, *new_object = checker->pair->new;

	for (size_t i = 0; i < old->unit_count; i++)
		if (old->units[i].status == UNIT_REMOVED)
			check_table_entry(checker, &old->units[i]);
	for (size_t i = 0; i < new_object->unit_count; i++)
		if (new_object->units[i].status != UNIT_SAME)
			check_table_entry(checker, &new_object->units[i]);
}

struct candidate { // a new static without a match
	struct unit *unit;
	struct candidate *next;
};

// A static is gone for good when those who used it use none of its name any more; else one of those may be it.
static bool may_be_kept(const struct candidate *candidates, struct unit *old,
			const struct referrers *old_referrers, const struct referrers *new_referrers)
{
	if (!unit_has_owner(old_referrers, old))
		return candidates != NULL;
	for (; candidates; candidates = candidates->next)
		if (units_share_owner(old_referrers, old, new_referrers, candidates->unit))
			return true;
	return false;
}

static bool is_lone_state(const struct unit *unit, enum unit_status status)
{
	if (unit->bookkeeping)
		return false;
	// Clang's compound literals and assembly code have data without a name (.L labels).
	if (unit->kind == UNIT_ANONYMOUS)
		return !unit->match && unit->section->role == ROLE_DATA && unit_is_writable(unit);
	return unit->status == status && unit->kind == UNIT_DATUM && unit_is_writable(unit);
}

// Whoever holds a pointer to it goes on calling the old code: of no other function is that a fix that does not arrive.
static bool is_lone_callback(const struct unit *unit, enum unit_status status)
{
	return unit->status == status && unit->kind == UNIT_FUNCTION && unit->address_taken;
}

/* Lambdas and nested functions, of whose numbers none can be trusted: may the new one be the old one, changed? */
static void check_callbacks(const struct checker *checker)
{
	const struct object *old = checker->pair->old, *new_object = checker->pair->new;
	struct arena *arena = arena_new();
	struct strmap *keys = strmap_new();

	for (size_t i = 0; i < new_object->unit_count; i++)
		if (is_lone_callback(&new_object->units[i], UNIT_NEW))
			*strmap_put(keys, name_key(arena, new_object->units[i].name)) = &new_object->units[i];
	for (size_t i = 0; strmap_count(keys) && i < old->unit_count; i++) {
		struct unit *unit = &old->units[i];

		if (is_lone_callback(unit, UNIT_REMOVED) && strmap_get(keys, name_key(arena, unit->name)))
			refuse(checker, "static-uncorrelated", unit,
			       "has no certain counterpart among the new build's functions of that name, and "
			       "pointers to it would go on calling the old code; give it a name of its own");
	}
	strmap_free(keys);
	arena_free(arena);
}

// Of Clang the first of a name has no number: f.count and f.count.1 are candidates for each other.
static const char *state_key(struct arena *arena, const char *name)
{
	const char *key = name_key(arena, name);

	return key == name && name_may_be_first(name) ? arena_printf(arena, "%s.#", name) : key;
}

static void check_statics(const struct checker *checker)
{
	const struct object *old = checker->pair->old, *new_object = checker->pair->new;
	struct referrers *old_referrers = NULL, *new_referrers = NULL;
	struct arena *arena = arena_new();
	struct strmap *keys = strmap_new();

	for (size_t i = 0; i < new_object->unit_count; i++) {
		struct candidate *candidate;
		void **list;

		if (!is_lone_state(&new_object->units[i], UNIT_NEW))
			continue;
		candidate = arena_alloc(arena, sizeof(*candidate));
		list = strmap_put(keys, state_key(arena, new_object->units[i].name));
		*candidate = (struct candidate){.unit = &new_object->units[i], .next = *list};
		*list = candidate;
	}
	for (size_t i = 0; strmap_count(keys) && i < old->unit_count; i++) {
		struct unit *unit = &old->units[i];
		const struct candidate *candidates;

		if (!is_lone_state(unit, UNIT_REMOVED))
			continue;
		candidates = strmap_get(keys, state_key(arena, unit->name));
		if (!candidates)
			continue;
		if (!old_referrers) {
			old_referrers = referrers_new(old);
			new_referrers = referrers_new(new_object);
		}
		if (may_be_kept(candidates, unit, old_referrers, new_referrers))
			refuse(checker, "static-uncorrelated", unit,
			       "has no certain counterpart among the new build's variables of that name, so "
			       "its state would be lost; "
			       "give it a name that no other static of the file has");
	}
	referrers_free(old_referrers);
	referrers_free(new_referrers);
	strmap_free(keys);
	arena_free(arena);
}

static void check_datum(const struct checker *checker, const struct unit *unit)
{
	if (unit->status == UNIT_NEW && is_thread_local(unit))
		refuse(checker, "tls-new", unit,
		       "is a new thread-local variable, for which running threads have no room; use an "
		       "existing one, or a global");
	if (unit->status == UNIT_CHANGED && !unit_is_initcall(unit) && !unit_is_export(unit))
		check_changed_datum(checker, unit);
}

// ---- one pair ------------------------------------------------------------------------------------

void check_pair(const struct pair *pair, struct diags *diags)
{
	struct checker checker = {.pair = pair, .diags = diags};

	check_function_sections(&checker);
	for (size_t i = 0; i < pair->new->unit_count; i++) {
		const struct unit *unit = &pair->new->units[i];

		if (unit->status == UNIT_SAME || (unit->owner && unit->kind == UNIT_FUNCTION))
			continue;
		if (unit->kind == UNIT_FUNCTION)
			check_function(&checker, unit);
		else if (unit->kind == UNIT_DATUM || unit->kind == UNIT_ANONYMOUS)
			check_datum(&checker, unit);
	}
	check_table_entries(&checker);
	check_statics(&checker);
	check_callbacks(&checker);
	check_types(pair, diags);
}

// ---- the other objects ---------------------------------------------------------------------------

// A global that is gone, and that other objects may refer to.
struct wanted {
	struct pair *pair;
	const char *name;
	bool told;
};

struct search {
	struct diff *diff;
	struct diags *diags, *ignored;
	struct strmap *wanted;
};

static void collect_wanted(struct search *search)
{
	for (size_t i = 0; i < search->diff->pair_count; i++) {
		struct pair *pair = &search->diff->pairs[i];

		for (size_t k = 0; pair->status == PAIR_CHANGED && k < pair->removed_count; k++) {
			struct wanted *wanted = arena_alloc(search->diff->arena, sizeof(*wanted));

			*wanted = (struct wanted){.pair = pair, .name = pair->removed[k]};
			*strmap_put(search->wanted, wanted->name) = wanted;
		}
	}
}

static bool is_used_by_unchanged(const struct object *object, const struct symbol *symbol)
{
	for (size_t i = 1; i < object->section_count; i++)
		for (size_t k = 0; k < object->sections[i].unit_count; k++) {
			const struct unit *unit = object->sections[i].units[k];

			if (unit->status != UNIT_SAME || (unit->owner && unit->owner->status != UNIT_SAME))
				continue;
			for (size_t n = 0; n < unit->reloc_count; n++)
				if (unit->relocs[n].symbol == symbol)
					return true;
		}
	return false;
}

static void tell(struct search *search, struct wanted *wanted, const char *user)
{
	struct checker checker = {.pair = wanted->pair, .diags = search->diags};
	const struct symbol *symbol;
	bool opened;

	if (wanted->told)
		return;
	wanted->told = true;
	opened = pair_open(search->diff, wanted->pair);
	symbol = wanted->pair->old ? object_find(wanted->pair->old, wanted->name) : NULL;
	if (symbol && symbol->unit)
		refuse(&checker, "removed-still-used", symbol->unit,
		       "is gone in the new build, but unchanged code or data of %s still refers to it; keep "
		       "it",
		       user);
	if (opened)
		pair_close(wanted->pair);
}

static void search_object(struct search *search, const struct object *object, const char *path)
{
	for (size_t i = 1; i < object->symbol_count; i++) {
		const struct symbol *symbol = &object->symbols[i];
		struct wanted *wanted;

		if (symbol->section || symbol->common || symbol->absolute || symbol->binding == BINDING_LOCAL)
			continue;
		wanted = strmap_get(search->wanted, symbol->name);
		if (wanted && strcmp(wanted->pair->path, path) && is_used_by_unchanged(object, symbol))
			tell(search, wanted, path);
	}
}

/* Only when something global went are the unchanged objects of the new tree looked at. */
void check_trees(struct diff *diff, struct diags *diags)
{
	struct search search = {.diff = diff, .diags = diags, .ignored = diags_new(), .wanted = strmap_new()};

	collect_wanted(&search);
	for (size_t i = 0; strmap_count(search.wanted) && i < diff->pair_count; i++) {
		struct pair *pair = &diff->pairs[i];
		struct object *object;

		if (pair->status == PAIR_CHANGED) {
			bool opened = pair_open(diff, pair);

			if (pair->new)
				search_object(&search, pair->new, pair->path);
			if (opened)
				pair_close(pair);
			continue;
		}
		if (pair->status != PAIR_SAME)
			continue;
		object = tree_load(&diff->new_tree, pair->new_input, diff->names, search.ignored);
		if (object)
			search_object(&search, object, pair->path);
		object_free(object);
	}
	strmap_free(search.wanted);
	diags_free(search.ignored);
}
