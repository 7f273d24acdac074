// SPDX-License-Identifier: GPL-3.0-or-later
// Follows control through a function and its split-off parts: straight on, along direct branches, and from an
// indirect jump to every place its jump tables know. Calls are taken to return, but for those of the C library
// that by its standard do not: behind them stands whatever block the compiler put there.
#include "create/flow.h"

#include <stdlib.h>
#include <string.h>

struct spot {
	size_t part;
	uint64_t offset;
};

struct walk {
	struct decoder *decoder;
	VEC(const struct unit *) parts; // the entry part first
	VEC(bool *) seen;               // per part, by offset
	VEC(struct spot) work;
	struct spot wanted; // start of the instruction that is looked for
	bool lost;          // control goes where it cannot be followed
};

static bool part_of(const struct walk *walk, const struct unit *unit, size_t *part)
{
	for (*part = 0; *part < walk->parts.count; ++*part)
		if (walk->parts.at[*part] == unit)
			return true;
	return false;
}

static void visit(struct walk *walk, size_t part, uint64_t offset)
{
	if (offset >= walk->parts.at[part]->size) {
		walk->lost = true;
		return;
	}
	if (walk->seen.at[part][offset])
		return;
	walk->seen.at[part][offset] = true;
	*vec_push(&walk->work) = (struct spot){.part = part, .offset = offset};
}

static const struct reloc *reloc_at(const struct unit *unit, uint64_t offset)
{
	size_t low = 0, high = unit->reloc_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (unit->relocs[middle].offset - unit->offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low < unit->reloc_count && unit->relocs[low].offset - unit->offset == offset
		       ? &unit->relocs[low]
		       : NULL;
}

// A branch with a relocation goes to another section: a part of the function, or out of it for good.
static void take_branch(struct walk *walk, const struct spot *spot, const struct instruction *insn)
{
	const struct reloc *reloc = reloc_at(walk->parts.at[spot->part], spot->offset + insn->field);
	size_t part;

	if (!reloc)
		visit(walk, spot->part, insn->target);
	else if (reloc->target && part_of(walk, reloc->target, &part))
		visit(walk, part, (uint64_t)reloc->target_offset);
}

static void take_tables(struct walk *walk)
{
	const struct object *object = walk->parts.at[0]->object;
	size_t part;

	for (size_t i = 0; i < object->unit_count; i++) {
		const struct unit *table = &object->units[i];

		if (table->kind == UNIT_FUNCTION || table->section->role != ROLE_DATA)
			continue;
		for (size_t r = 0; r < table->reloc_count; r++)
			if (table->relocs[r].target && part_of(walk, table->relocs[r].target, &part))
				visit(walk, part, (uint64_t)table->relocs[r].target_offset);
	}
}

static bool never_returns(const struct unit *unit, uint64_t field)
{
	static const char *const names[] = {"exit",
					    "_exit",
					    "_Exit",
					    "quick_exit",
					    "abort",
					    "__assert_fail",
					    "__stack_chk_fail",
					    "longjmp",
					    "__longjmp_chk",
					    "siglongjmp",
					    "pthread_exit",
					    "err",
					    "errx",
					    "verr",
					    "verrx"};
	const struct reloc *reloc = reloc_at(unit, field);

	for (size_t i = 0; reloc && !reloc->symbol->section && i < ARRAY_SIZE(names); i++)
		if (!strcmp(reloc->symbol->name, names[i]))
			return true;
	return false;
}

static void step(struct walk *walk, const struct spot *spot, bool *tables)
{
	const struct unit *unit = walk->parts.at[spot->part];
	const uint8_t *code = unit->section->data + unit->offset + spot->offset;
	struct instruction insn;

	if (!decode(walk->decoder, code, unit->size - spot->offset, spot->offset, &insn) ||
	    insn.flow == FLOW_STRANGE) {
		walk->lost = true;
		return;
	}
	if (insn.flow == FLOW_JUMP || insn.flow == FLOW_CONDITIONAL || insn.flow == FLOW_LOOP)
		take_branch(walk, spot, &insn);
	if (insn.flow == FLOW_END && code[insn.prefixes] == 0xff && !*tables) {
		*tables = true;
		take_tables(walk);
	}
	if (insn.flow == FLOW_JUMP || insn.flow == FLOW_END)
		return;
	if (insn.flow == FLOW_CALL && never_returns(unit, spot->offset + insn.field))
		return;
	// A call that never returns may be the last instruction of a function.
	if (spot->offset + insn.length == unit->size &&
	    (insn.flow == FLOW_CALL || insn.flow == FLOW_INDIRECT_CALL))
		return;
	visit(walk, spot->part, spot->offset + insn.length);
}

static bool find_instruction(struct walk *walk, uint64_t offset, uint64_t *next)
{
	const struct unit *unit = walk->parts.at[walk->wanted.part];
	struct instruction insn;

	for (uint64_t at = 0; at <= offset && at < unit->size; at = *next) {
		if (!decode(walk->decoder, unit->section->data + unit->offset + at, unit->size - at, at,
			    &insn))
			return false;
		walk->wanted.offset = at;
		*next = at + insn.length;
	}
	return *next > offset;
}

static void open_walk(struct walk *walk, const struct unit *unit)
{
	const struct unit *entry = unit->owner && unit->owner->kind == UNIT_FUNCTION ? unit->owner : unit;

	*vec_push(&walk->parts) = entry;
	for (size_t i = 0; i < entry->part_count; i++)
		if (entry->parts[i]->kind == UNIT_FUNCTION)
			*vec_push(&walk->parts) = entry->parts[i];
	for (size_t i = 0; i < walk->parts.count; i++) {
		size_t size = walk->parts.at[i]->size + 1;

		*vec_push(&walk->seen) = xalloc(size * sizeof(bool));
		for (size_t k = 0; k < size; k++)
			walk->seen.at[i][k] = false;
	}
}

static void close_walk(struct walk *walk)
{
	for (size_t i = 0; i < walk->seen.count; i++)
		free(walk->seen.at[i]);
	free(walk->seen.at);
	free(walk->parts.at);
	free(walk->work.at);
}

bool flow_in_loop(struct decoder *decoder, const struct unit *unit, uint64_t offset)
{
	struct walk walk = {.decoder = decoder};
	bool tables = false, loop;
	uint64_t next = 0;

	open_walk(&walk, unit);
	if (!part_of(&walk, unit, &walk.wanted.part) || !find_instruction(&walk, offset, &next))
		walk.lost = true;
	else if (next < unit->size)
		visit(&walk, walk.wanted.part, next);
	while (!walk.lost && walk.work.count) {
		struct spot spot = walk.work.at[--walk.work.count];

		step(&walk, &spot, &tables);
	}
	loop = walk.lost || walk.seen.at[walk.wanted.part][walk.wanted.offset];
	close_walk(&walk);
	return loop;
}
