// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Says why each changed unit differs: aligns the instructions of both sides and reduces what is left over to facts
 * (a call, a string, a check, an immediate that one side has and the other has not), the most telling first.
 *
 * A compiler that sees one more `if` may choose other registers and another order for everything behind it. So
 * facts are counted over the whole function with its split-off parts, not by position: a call that moved is no new
 * call. What remains unexplained is given as the first instructions that differ.
 */
#include "diff/explain.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "diff/debug.h"
#include "diff/notes.h"

#define FACTS_MAX 64 // per function; more say nothing more

// The function itself, or one of its split-off parts, on both sides.
struct site {
	struct unit *old, *new_unit; // one may be NULL
	struct listing old_list, new_list;
	struct alignment alignment;
};

// An instruction of one side that has no counterpart.
struct leftover {
	const struct site *site;
	const struct instruction *instruction;
	size_t step; // in the site's alignment
	size_t hunk; // number of the run of differing steps it is in
	bool used;   // a fact has been made of it
};

struct explainer {
	struct unit *old, *new_unit;
	struct arena *arena;
	VEC(struct site) sites;
	VEC(struct leftover) removed, added;
	VEC(struct change) changes;
	VEC(unsigned) ranks;
	size_t line_moves;
};

// The most telling first. RANK_TEST: whether something is zero, which every call and pointer is asked.
enum rank {
	RANK_CHECK,
	RANK_CALL,
	RANK_IMMEDIATE,
	RANK_STRING,
	RANK_SPLIT,
	RANK_TEST,
	RANK_REFERENCE,
	RANK_GONE,
	RANK_CODE
};

void add_change(struct unit *unit, const struct change *change)
{
	struct change *changes =
		arena_array(unit->object->arena, unit->change_count + 1, sizeof(struct change));

	if (unit->change_count)
		memcpy(changes, unit->changes, unit->change_count * sizeof(struct change));
	changes[unit->change_count++] = *change;
	unit->changes = changes;
}

bool unit_declared(const struct unit *unit, const char **file, unsigned *line)
{
	if (debug_declared(unit->object, unit->section, unit->offset, file, line))
		return true;
	return unit->kind == UNIT_FUNCTION &&
	       object_line(unit->object, unit->section, unit->offset, file, line);
}

// ---- places ---------------------------------------------------------------------------------------

static bool line_at(const struct unit *unit, uint64_t at, const char **file, unsigned *line)
{
	return unit && object_line(unit->object, unit->section, unit->offset + at, file, line);
}

// Fills the place of a fact from the steps it comes from: where it is on the new side, or would be.
static void set_place(struct explainer *explainer, struct change *change, const struct leftover *removed,
		      const struct leftover *added)
{
	const struct leftover *any = added ? added : removed;
	const struct site *site = any->site;
	const struct step *step = &site->alignment.steps[any->step];
	const struct listing *old_list = &site->old_list, *new_list = &site->new_list;
	const char *names[1];

	if (removed)
		change->at_old = removed->instruction->at;
	else if (step->old < old_list->count)
		change->at_old = old_list->at[step->old].at;
	if (added)
		change->at_new = added->instruction->at;
	else if (step->new_at < new_list->count)
		change->at_new = new_list->at[step->new_at].at;
	line_at(site->old, change->at_old, &change->old_file, &change->old_line);
	line_at(site->new_unit, change->at_new, &change->file, &change->line);
	if (!change->file) {
		change->file = change->old_file;
		change->line = change->old_line;
	}
	if (site->new_unit != explainer->new_unit)
		change->of = site->new_unit;
	if (site->new_unit && debug_inlined(site->new_unit->object, site->new_unit->section,
					    site->new_unit->offset + change->at_new, names, 1))
		change->of_name = names[0];
}

// An address made of two instructions (adrp, add), or a line that the compiler doubled, says the same twice.
static bool is_said(const struct explainer *explainer, const struct change *change)
{
	for (size_t i = 0; change->file && i < explainer->changes.count; i++) {
		const struct change *said = &explainer->changes.at[i];

		if (said->file && said->line == change->line && !strcmp(said->file, change->file) &&
		    !strcmp(said->text, change->text))
			return true;
	}
	return false;
}

static void add_fact(struct explainer *explainer, enum rank rank, struct change change,
		     struct leftover *removed, struct leftover *added)
{
	if (removed)
		removed->used = true;
	if (added)
		added->used = true;
	if (explainer->changes.count >= FACTS_MAX)
		return;
	set_place(explainer, &change, removed, added);
	if (is_said(explainer, &change))
		return;
	*vec_push(&explainer->changes) = change;
	*vec_push(&explainer->ranks) = rank;
}

static const char *keep(struct explainer *explainer, const char *text)
{
	struct unit *unit = explainer->new_unit ? explainer->new_unit : explainer->old;

	return text ? arena_strdup(unit->object->arena, text) : NULL;
}

#define TEXT(explainer, ...)                                                                                 \
	arena_printf(((explainer)->new_unit ? (explainer)->new_unit : (explainer)->old)->object->arena,      \
		     __VA_ARGS__)

// ---- what is left over ----------------------------------------------------------------------------

static void add_site(struct explainer *explainer, struct unit *old, struct unit *new_unit)
{
	struct site site = {.old = old, .new_unit = new_unit};

	if (old)
		site.old_list = disassemble(old, explainer->arena);
	if (new_unit)
		site.new_list = disassemble(new_unit, explainer->arena);
	site.alignment = align(&site.old_list, &site.new_list, explainer->arena);
	*vec_push(&explainer->sites) = site;
}

static bool is_code_part(const struct unit *part)
{
	return part->kind == UNIT_FUNCTION && part->section->data;
}

static void collect_sites(struct explainer *explainer)
{
	add_site(explainer, explainer->old, explainer->new_unit);
	for (size_t i = 0; explainer->new_unit && i < explainer->new_unit->part_count; i++)
		if (is_code_part(explainer->new_unit->parts[i]))
			add_site(explainer, explainer->new_unit->parts[i]->match,
				 explainer->new_unit->parts[i]);
	for (size_t i = 0; explainer->old && i < explainer->old->part_count; i++)
		if (is_code_part(explainer->old->parts[i]) && !explainer->old->parts[i]->match)
			add_site(explainer, explainer->old->parts[i], NULL);
}

// GCC's partial inlining (ipa-split.c): f stays as the early exit, f.part.0 gets the rest.
static bool is_split_off(const struct unit *unit, const char *callee)
{
	size_t length = strlen(unit->name);

	return !strncmp(callee, unit->name, length) && !strncmp(callee + length, ".part.", 6);
}

// A body that was split off anew counts as the function's: what it does is no longer done there, but not gone.
static void collect_split_off(struct explainer *explainer)
{
	struct object *object = explainer->new_unit->object;
	const struct unit *unit = explainer->new_unit;

	for (size_t i = 0; i < unit->reloc_count; i++) {
		struct unit *target = unit->relocs[i].target;
		bool known = !target || target->object != object || target->status != UNIT_NEW ||
			     target->kind != UNIT_FUNCTION || !is_split_off(unit, target->name);

		for (size_t s = 0; s < explainer->sites.count && !known; s++)
			known = explainer->sites.at[s].new_unit == target;
		if (!known)
			add_site(explainer, NULL, target);
	}
}

static void collect_leftovers(struct explainer *explainer)
{
	size_t hunk = 0;

	for (size_t s = 0; s < explainer->sites.count; s++) {
		const struct site *site = &explainer->sites.at[s];
		char before = ' ';

		for (size_t i = 0; i < site->alignment.count; i++) {
			const struct step *step = &site->alignment.steps[i];
			struct leftover leftover = {.site = site, .step = i};

			if (step->side != ' ' && before == ' ')
				hunk++;
			before = step->side;
			leftover.hunk = hunk;
			if (step->side == '-') {
				leftover.instruction = &site->old_list.at[step->old];
				leftover.used = instruction_is_nop(leftover.instruction);
				*vec_push(&explainer->removed) = leftover;
			} else if (step->side == '+') {
				leftover.instruction = &site->new_list.at[step->new_at];
				leftover.used = instruction_is_nop(leftover.instruction);
				*vec_push(&explainer->added) = leftover;
			}
		}
		hunk++;
	}
}

// ---- calls, strings, references --------------------------------------------------------------------

// libopcodes pads the mnemonic; in a phrase one space is enough.
static const char *single_spaced(struct explainer *explainer, const struct instruction *instruction)
{
	char *copy = arena_strdup(explainer->arena, instruction_text(instruction, explainer->arena)),
	     *to = copy;

	for (const char *from = copy; *from; from++)
		if (*from != ' ' || from[1] != ' ')
			*to++ = *from;
	*to = 0;
	return copy;
}

typedef const char *aspect(const struct instruction *instruction);

static const char *aspect_key(const struct instruction *instruction)
{
	return instruction->key;
}

static const char *aspect_call(const struct instruction *instruction)
{
	return instruction->callee;
}

static const char *aspect_string(const struct instruction *instruction)
{
	return instruction->string;
}

static const char *aspect_reference(const struct instruction *instruction)
{
	return instruction->reference;
}

static size_t count_of(struct strmap *map, const char *key)
{
	return (size_t)strmap_get(map, key);
}

static void count(struct strmap *map, const char *key, long by)
{
	void **place = strmap_put(map, key);

	*place = (void *)((size_t)*place + (size_t)by);
}

// The leftovers whose aspect the other side has not as often. Those that only moved are cancelled.
static void cancel_moved(struct leftover *list, size_t list_count, const struct leftover *others,
			 size_t other_count, aspect *get, bool *remains)
{
	struct strmap *map = strmap_new();

	for (size_t i = 0; i < other_count; i++)
		if (get(others[i].instruction))
			count(map, get(others[i].instruction), 1);
	for (size_t i = 0; i < list_count; i++) {
		const char *text = get(list[i].instruction);

		remains[i] = text && !list[i].used;
		if (text && count_of(map, text)) {
			count(map, text, -1);
			remains[i] = false;
		}
	}
	strmap_free(map);
}

static void cancel_both(const struct explainer *explainer, aspect *get, bool *old_remains, bool *new_remains)
{
	cancel_moved(explainer->removed.at, explainer->removed.count, explainer->added.at,
		     explainer->added.count, get, old_remains);
	cancel_moved(explainer->added.at, explainer->added.count, explainer->removed.at,
		     explainer->removed.count, get, new_remains);
}

struct aspect_words {
	enum rank rank;
	const char *new_word, *gone_word, *changed_word;
};

// How often the whole function refers to that on one side.
static size_t total_of(const struct explainer *explainer, bool old, aspect *get, const char *text)
{
	size_t total = 0;

	for (size_t s = 0; s < explainer->sites.count; s++) {
		const struct listing *list =
			old ? &explainer->sites.at[s].old_list : &explainer->sites.at[s].new_list;

		for (size_t i = 0; i < list->count; i++)
			total += get(&list->at[i]) && !strcmp(get(&list->at[i]), text);
	}
	return total;
}

// "server+0xfe8" as "server.maxmemory", where debug information knows the field.
static const char *field_text(struct explainer *explainer, struct unit *unit, const char *reference)
{
	const char *plus = strstr(reference, "+0x"), *field;
	char *variable;

	if (!unit)
		return reference;
	variable = plus ? arena_strndup(explainer->arena, reference, (size_t)(plus - reference)) : NULL;
	field = object_field(unit->object, variable ? variable : reference,
			     plus ? strtoull(plus + 1, NULL, 16) : 0, explainer->arena);
	return field ? TEXT(explainer, "%s.%s", variable ? variable : reference, field) : reference;
}

static void name_fields(struct explainer *explainer, const struct leftover *removed,
			const struct leftover *added, const char **old, const char **new_text)
{
	if (*old)
		*old = field_text(explainer, removed->site->old, *old);
	if (*new_text)
		*new_text = field_text(explainer, added->site->new_unit, *new_text);
}

static void add_aspect_fact(struct explainer *explainer, aspect *get, const struct aspect_words *words,
			    struct leftover *removed, struct leftover *added)
{
	const char *old = removed ? keep(explainer, get(removed->instruction)) : NULL;
	const char *new_text = added ? keep(explainer, get(added->instruction)) : NULL;
	const char *either = new_text ? new_text : old;
	size_t before = total_of(explainer, true, get, either),
	       after = total_of(explainer, false, get, either);
	struct change change = {.kind = CHANGE_TARGET, .old = old, .new = new_text};

	if (get == aspect_reference)
		name_fields(explainer, removed, added, &old, &new_text);
	either = new_text ? new_text : old;
	if (old && new_text && get == aspect_reference && !strcmp(old, new_text))
		change.text = TEXT(explainer, "%s moved, %s → %s", old, change.old, change.new);
	else if (old && new_text)
		change.text = TEXT(explainer, "%s %s → %s", words->changed_word, old, new_text);
	else if (before && after)
		change.text =
			TEXT(explainer, "%s %s %zu → %zu times", words->changed_word, either, before, after);
	else
		change.text = TEXT(explainer, "%s %s", added ? words->new_word : words->gone_word, either);
	if (get == aspect_call && added && is_split_off(explainer->new_unit, new_text)) {
		change.text = TEXT(explainer, "the compiler split it: the body is now %s", new_text);
		add_fact(explainer, RANK_SPLIT, change, removed, added);
		return;
	}
	add_fact(explainer, added ? words->rank : RANK_GONE, change, removed, added);
}

// A reference that remains on both sides within one hunk has been exchanged; the others are new or gone.
static void explain_aspect(struct explainer *explainer, aspect *get, const struct aspect_words *words)
{
	bool *old_remains = arena_array(explainer->arena, explainer->removed.count + 1, sizeof(bool));
	bool *new_remains = arena_array(explainer->arena, explainer->added.count + 1, sizeof(bool));
	struct strmap *said = strmap_new();

	cancel_both(explainer, get, old_remains, new_remains);
	for (size_t i = 0, from = 0; i < explainer->added.count; i++) {
		struct leftover *added = &explainer->added.at[i], *removed = NULL;
		const char *text = get(added->instruction);

		if (!new_remains[i])
			continue;
		for (; from < explainer->removed.count && explainer->removed.at[from].hunk <= added->hunk;
		     from++) {
			if (explainer->removed.at[from].hunk == added->hunk && old_remains[from]) {
				removed = &explainer->removed.at[from];
				old_remains[from++] = false;
				break;
			}
		}
		if (strmap_get(said, text) && !removed) {
			added->used = true;
			continue;
		}
		*strmap_put(said, text) = said;
		add_aspect_fact(explainer, get, words, removed, added);
	}
	for (size_t i = 0; i < explainer->removed.count; i++) {
		const char *text = get(explainer->removed.at[i].instruction);

		if (!old_remains[i])
			continue;
		explainer->removed.at[i].used = true;
		if (strmap_get(said, text))
			continue;
		*strmap_put(said, text) = said;
		add_aspect_fact(explainer, get, words, &explainer->removed.at[i], NULL);
	}
	strmap_free(said);
}

// ---- immediates -----------------------------------------------------------------------------------

// __LINE__ in an assertion: the immediate is the instruction's own source line on both sides.
static bool is_line_move(const struct leftover *removed, const struct leftover *added)
{
	const char *file;
	unsigned old_line, new_line;

	return line_at(removed->site->old, removed->instruction->at, &file, &old_line) &&
	       line_at(added->site->new_unit, added->instruction->at, &file, &new_line) &&
	       removed->instruction->immediate == (int64_t)old_line &&
	       added->instruction->immediate == (int64_t)new_line;
}

static const char *number_text(struct explainer *explainer, int64_t number)
{
	return number < -0x10000000 || number > 0x10000000 ? TEXT(explainer, "0x%" PRIx64, (uint64_t)number)
							   : TEXT(explainer, "%" PRId64, number);
}

static void add_immediate(struct explainer *explainer, struct leftover *removed, struct leftover *added)
{
	const struct instruction *before = removed->instruction, *after = added->instruction;
	bool immediate = before->immediate != after->immediate;
	struct change change = {
		.kind = CHANGE_IMMEDIATE,
		.old = number_text(explainer, immediate ? before->immediate : before->displacement),
		.new = number_text(explainer, immediate ? after->immediate : after->displacement)};
	// an address that is only computed is arithmetic: x86's lea
	bool arithmetic = immediate || !strncmp(after->mnemonic, "lea", 3);

	if (immediate && is_line_move(removed, added)) {
		removed->used = added->used = true;
		explainer->line_moves++;
		return;
	}
	change.text = TEXT(explainer, "%s %s → %s", arithmetic ? "immediate" : "field offset", change.old,
			   change.new);
	add_fact(explainer, arithmetic ? RANK_IMMEDIATE : RANK_REFERENCE, change, removed, added);
}

static bool has_number(const struct instruction *instruction)
{
	return (instruction->has_immediate || instruction->has_displacement) && !instruction->stack;
}

static bool differ_in_number(const struct instruction *a, const struct instruction *b)
{
	return !strcmp(a->form, b->form) && has_number(a) &&
	       (a->immediate != b->immediate || a->displacement != b->displacement);
}

// Two instructions of one hunk that are the same but for one number.
static void explain_immediates(struct explainer *explainer)
{
	bool *old_remains = arena_array(explainer->arena, explainer->removed.count + 1, sizeof(bool));
	bool *new_remains = arena_array(explainer->arena, explainer->added.count + 1, sizeof(bool));

	cancel_both(explainer, aspect_key, old_remains, new_remains);
	for (size_t i = 0, first = 0; i < explainer->added.count; i++) {
		struct leftover *added = &explainer->added.at[i];

		while (first < explainer->removed.count && explainer->removed.at[first].hunk < added->hunk)
			first++;
		if (!new_remains[i] || !has_number(added->instruction))
			continue;
		for (size_t j = first;
		     j < explainer->removed.count && explainer->removed.at[j].hunk == added->hunk; j++) {
			struct leftover *removed = &explainer->removed.at[j];

			if (removed->used || !old_remains[j] ||
			    !differ_in_number(removed->instruction, added->instruction))
				continue;
			add_immediate(explainer, removed, added);
			break;
		}
	}
}

// ---- checks ---------------------------------------------------------------------------------------

static const char *aspect_check(const struct instruction *instruction)
{
	return instruction->check;
}

// The conditional branch that follows within three instructions, in whichever order the compiler put them.
static const struct instruction *deciding_branch(const struct listing *list,
						 const struct instruction *compare)
{
	for (const struct instruction *next = compare + 1;
	     next < list->at + list->count && next <= compare + 3; next++)
		if (next->conditional)
			return next;
	return NULL;
}

static void add_check(struct explainer *explainer, struct leftover *leftover, bool added)
{
	const struct instruction *compare = leftover->instruction;
	const struct instruction *branch =
		deciding_branch(added ? &leftover->site->new_list : &leftover->site->old_list, compare);
	struct change change = {.kind = CHANGE_BYTES};
	const char *what, *code;
	bool number;

	if (!branch)
		return;
	code = TEXT(explainer, "%s; %s", single_spaced(explainer, compare), single_spaced(explainer, branch));
	number = compare->has_immediate && compare->immediate;
	what = number ? TEXT(explainer, "compares with %s", number_text(explainer, compare->immediate))
		      : code;
	change.text = TEXT(explainer, "%s: %s", added ? "new check" : "check removed", what);
	if (added)
		change.new = code;
	else
		change.old = code;
	add_fact(explainer,
		 !added                             ? RANK_GONE
		 : number && *compare->check == 'c' ? RANK_CHECK
						    : RANK_TEST,
		 change, added ? NULL : leftover, added ? leftover : NULL);
}

static void explain_checks(struct explainer *explainer)
{
	bool *old_remains = arena_array(explainer->arena, explainer->removed.count + 1, sizeof(bool));
	bool *new_remains = arena_array(explainer->arena, explainer->added.count + 1, sizeof(bool));

	cancel_both(explainer, aspect_check, old_remains, new_remains);
	for (size_t i = 0; i < explainer->added.count; i++)
		if (new_remains[i])
			add_check(explainer, &explainer->added.at[i], true);
	for (size_t i = 0; i < explainer->removed.count; i++)
		if (old_remains[i])
			add_check(explainer, &explainer->removed.at[i], false);
}

// ---- the rest -------------------------------------------------------------------------------------

// Are the same instructions left over on both sides, registers and numbers aside?
static bool only_moved(const struct explainer *explainer)
{
	struct strmap *map = strmap_new();
	bool same = true;

	for (size_t i = 0; i < explainer->removed.count; i++)
		if (!explainer->removed.at[i].used)
			count(map, explainer->removed.at[i].instruction->shape, 1);
	for (size_t i = 0; i < explainer->added.count && same; i++) {
		const struct leftover *added = &explainer->added.at[i];

		if (added->used)
			continue;
		same = count_of(map, added->instruction->shape) > 0;
		if (same)
			count(map, added->instruction->shape, -1);
	}
	strmap_free(map);
	return same;
}

static const char *count_text(struct explainer *explainer, size_t removed, size_t added)
{
	if (removed == added && only_moved(explainer))
		return TEXT(explainer, "%zu instruction%s in other registers, slots or order", added,
			    added == 1 ? "" : "s");
	if (!removed)
		return TEXT(explainer, "%zu instruction%s more", added, added == 1 ? "" : "s");
	if (!added)
		return TEXT(explainer, "%zu instruction%s less", removed, removed == 1 ? "" : "s");
	return TEXT(explainer, "%zu instruction%s → %zu", removed, removed == 1 ? "" : "s", added);
}

static const char *first_difference(struct explainer *explainer, const struct leftover *removed,
				    const struct leftover *added)
{
	if (!added)
		return single_spaced(explainer, removed->instruction);
	if (!removed)
		return single_spaced(explainer, added->instruction);
	return TEXT(explainer, "%s → %s", single_spaced(explainer, removed->instruction),
		    single_spaced(explainer, added->instruction));
}

// What is left over is room in front of what loops and calls jump to, and nothing else differs.
static void explain_padding(struct explainer *explainer)
{
	struct change change = {.kind = CHANGE_BYTES,
				.text = "only the room that aligns its instructions differs"};
	struct leftover *removed = explainer->removed.count ? explainer->removed.at : NULL;
	struct leftover *added = explainer->added.count ? explainer->added.at : NULL;

	if (explainer->changes.count || explainer->line_moves || (!removed && !added))
		return;
	for (size_t i = 0; i < explainer->removed.count; i++)
		if (!instruction_is_nop(removed[i].instruction))
			return;
	for (size_t i = 0; i < explainer->added.count; i++)
		if (!instruction_is_nop(added[i].instruction))
			return;
	add_fact(explainer, RANK_CODE, change, removed, added);
}

// The first instruction that differs and is not explained by a fact; nothing when every one is.
static void explain_rest(struct explainer *explainer)
{
	struct change change = {.kind = CHANGE_BYTES};
	struct leftover *removed = NULL, *added = NULL;
	size_t removed_count = 0, added_count = 0;
	const char *first;

	for (size_t i = explainer->removed.count; i-- > 0;) {
		if (explainer->removed.at[i].used)
			continue;
		removed = &explainer->removed.at[i];
		removed_count++;
	}
	for (size_t i = explainer->added.count; i-- > 0;) {
		if (explainer->added.at[i].used)
			continue;
		added = &explainer->added.at[i];
		added_count++;
	}
	if (!removed && !added) {
		explain_padding(explainer);
		return;
	}
	if (removed && added && removed->hunk < added->hunk)
		added = NULL;
	else if (removed && added && added->hunk < removed->hunk)
		removed = NULL;
	change.old =
		removed ? keep(explainer, instruction_text(removed->instruction, explainer->arena)) : NULL;
	change.new = added ? keep(explainer, instruction_text(added->instruction, explainer->arena)) : NULL;
	first = first_difference(explainer, removed, added);
	change.text = TEXT(explainer, "%s%s%s%s", explainer->changes.count ? "also " : "",
			   count_text(explainer, removed_count, added_count),
			   explainer->changes.count ? "" : ": ", explainer->changes.count ? "" : first);
	add_fact(explainer, RANK_CODE, change, removed, added);
}

static void add_inlined_words(struct explainer *explainer)
{
	for (size_t i = 0; i < explainer->changes.count; i++) {
		struct change *change = &explainer->changes.at[i];

		if (!change->of_name)
			continue;
		change->of_name = keep(explainer, change->of_name);
		change->text = TEXT(explainer, "%s (in inlined %s)", change->text, change->of_name);
		if (explainer->ranks.at[i] == RANK_CODE)
			change->kind = CHANGE_INLINED;
	}
}

// The source of a difference on both sides: of the instruction where UNIT is a function that it lies in, else of UNIT.
static void set_places(const struct unit *unit, bool instruction, struct change *change)
{
	if (!change->file && (!instruction || !line_at(unit, change->at_new, &change->file, &change->line)))
		unit_declared(unit, &change->file, &change->line);
	if (unit->match && !change->old_file &&
	    (!instruction || !line_at(unit->match, change->at_old, &change->old_file, &change->old_line)))
		unit_declared(unit->match, &change->old_file, &change->old_line);
}

// Words and a place for what compare() noted: it gives kinds and values only.
static void complete_change(struct unit *unit, struct change *change)
{
	struct arena *arena = unit->object->arena;
	const char *of = change->of_name ? change->of_name : change->of ? change->of->name : "";
	const struct unit *place = unit;

	if (!change->text) {
		switch (change->kind) {
		case CHANGE_SIZE:
			change->text = arena_printf(arena, "size %s → %s", change->old, change->new);
			break;
		case CHANGE_ATTRIBUTE:
			change->text =
				arena_printf(arena, "attribute %s → %s", change->old ? change->old : "none",
					     change->new ? change->new : "none");
			break;
		case CHANGE_PART:
			change->text = arena_printf(arena, "its part in %s differs", of);
			break;
		case CHANGE_READS:
			change->text =
				arena_printf(arena, "reads %s, which changed", *of ? of : "a constant");
			place = change->of ? change->of : unit;
			break;
		case CHANGE_TARGET:
		case CHANGE_IMMEDIATE:
		case CHANGE_BYTES:
			if (change->old || change->new)
				change->text =
					arena_printf(arena, "%s → %s", change->old ? change->old : "none",
						     change->new ? change->new : "none");
			else
				change->text = "bytes differ";
			break;
		default:
			break;
		}
	}
	set_places(place, place == unit && unit->kind == UNIT_FUNCTION, change);
}

// A difference of code that the facts describe better.
static bool is_explained(const struct explainer *explainer, const struct change *noted)
{
	if (!explainer->changes.count)
		return false;
	return noted->kind == CHANGE_BYTES || noted->kind == CHANGE_IMMEDIATE ||
	       noted->kind == CHANGE_TARGET ||
	       (noted->kind == CHANGE_PART && noted->of && noted->of->kind == UNIT_FUNCTION);
}

// The most telling first; what compare() noted itself (sizes, attributes, parts) behind.
static void store_changes(struct explainer *explainer)
{
	struct unit *unit = explainer->new_unit;
	struct change *noted = unit->changes;
	size_t noted_count = unit->change_count;

	add_inlined_words(explainer);
	unit->changes = NULL;
	unit->change_count = 0;
	for (unsigned rank = RANK_CHECK; rank <= RANK_CODE; rank++)
		for (size_t i = 0; i < explainer->changes.count; i++)
			if (explainer->ranks.at[i] == rank)
				add_change(unit, &explainer->changes.at[i]);
	for (size_t i = 0; i < noted_count; i++) {
		if (is_explained(explainer, &noted[i]))
			continue;
		complete_change(unit, &noted[i]);
		add_change(unit, &noted[i]);
	}
}

static void explain_function(struct unit *old, struct unit *new_unit)
{
	static const struct aspect_words calls = {RANK_CALL, "new call of", "no longer calls", "call"};
	static const struct aspect_words strings = {RANK_STRING, "new string", "string gone:", "string"};
	static const struct aspect_words references = {RANK_REFERENCE, "new use of", "no longer uses",
						       "uses"};
	struct explainer explainer = {.old = old, .new_unit = new_unit, .arena = arena_new()};

	collect_sites(&explainer);
	collect_split_off(&explainer);
	collect_leftovers(&explainer);
	explain_aspect(&explainer, aspect_call, &calls);
	explain_aspect(&explainer, aspect_string, &strings);
	explain_aspect(&explainer, aspect_reference, &references);
	explain_immediates(&explainer);
	explain_checks(&explainer);
	explain_rest(&explainer);
	store_changes(&explainer);
	free(explainer.sites.at);
	free(explainer.removed.at);
	free(explainer.added.at);
	free(explainer.changes.at);
	free(explainer.ranks.at);
	arena_free(explainer.arena);
}

static void explain_whole(struct unit *unit, enum change_kind kind)
{
	struct change change = {.kind = kind, .text = kind == CHANGE_NEW ? "new" : "removed"};
	const char *size = arena_printf(unit->object->arena, "%" PRIu64 " bytes", unit->size);

	if (kind == CHANGE_NEW)
		change.new = size;
	else
		change.old = size;
	unit_declared(unit, &change.file, &change.line);
	if (kind == CHANGE_REMOVED) {
		change.old_file = change.file;
		change.old_line = change.line;
	}
	unit->changes = NULL;
	unit->change_count = 0;
	add_change(unit, &change);
}

static bool is_named(const struct unit *unit)
{
	return unit->kind == UNIT_FUNCTION || unit->kind == UNIT_DATUM;
}

/* Without debug information the notes of the GCC plugin know that only the source of something inlined changed. */
static void name_inlined_cause(struct unit *unit)
{
	struct change *changes;
	const struct note_function *callee;
	unsigned line = 0;

	for (size_t i = 0; i < unit->change_count; i++)
		if (unit->changes[i].kind == CHANGE_INLINED)
			return;
	callee = notes_inlined_change(unit->match, unit, &line);
	if (!callee)
		return;
	changes = arena_array(unit->object->arena, unit->change_count + 1, sizeof(*changes));
	changes[0] = (struct change){.kind = CHANGE_INLINED,
				     .of_name = callee->name,
				     .file = *callee->file ? callee->file : NULL,
				     .line = callee->line,
				     .text = arena_printf(unit->object->arena,
							  "inlined %s changed, called in line %u",
							  callee->name, line)};
	if (unit->change_count)
		memcpy(changes + 1, unit->changes, unit->change_count * sizeof(*changes));
	unit->changes = changes;
	unit->change_count++;
}

void explain(struct object *old, struct object *new_object)
{
	for (size_t i = 0; i < new_object->unit_count; i++) {
		struct unit *unit = &new_object->units[i];

		if (unit->status == UNIT_NEW && is_named(unit))
			explain_whole(unit, CHANGE_NEW);
		else if (unit->status == UNIT_CHANGED && unit->kind == UNIT_FUNCTION && unit->match) {
			explain_function(unit->match, unit);
			name_inlined_cause(unit);
		} else if (unit->status == UNIT_CHANGED && unit->match)
			explain_datum(unit->match, unit);
	}
	for (size_t i = 0; i < old->unit_count; i++)
		if (old->units[i].status == UNIT_REMOVED && is_named(&old->units[i]))
			explain_whole(&old->units[i], CHANGE_REMOVED);
}
