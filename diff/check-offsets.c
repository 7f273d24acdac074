// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Objects that tell no types at all, neither in debug information nor in notes of the plugin: a field that moved shows in
 * nothing but the offsets at which code touches memory. So a changed function that touches it elsewhere than before is
 * refused: the same kind of instruction with another offset, or an offset it did not use before. What it touches as it did, it
 * touches in the old layout.
 *
 *	old:  cmp 0x8(%rdi),%esi        new:  cmp 0xc(%rdi),%esi
 *
 * A structure that only grows may be touched at offsets that the function used before, of another structure. But somebody
 * allocates it, and asks for another size:
 *
 *	old:  mov $0x8,%edi; call malloc        new:  mov $0xc,%edi; call malloc
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "diff/debug.h"
#include "diff/disassemble.h"
#include "diff/model.h"

struct access {
	const char *how; // what is done to memory behind a register; or the name of a datum
	bool named;
	int64_t offset;
};

struct accesses {
	VEC(struct access) list;
};

// Positions in the text of the operand "0x8(%rdi,...)"; NULL: none, or one of the stack, or a place in the image.
static const char *memory_operand(const struct instruction *instruction)
{
	const char *open = strstr(instruction->text, "(%");

	if (!open || instruction->stack || !strncmp(open, "(%rip", 5) ||
	    !strncmp(instruction->mnemonic, "nop", 3))
		return NULL;
	return open;
}

// The shape, alike for an offset of nothing, which is not written.
static const char *shape_without_offset(const struct instruction *instruction, struct arena *arena)
{
	char *shape = arena_printf(arena, "%s", instruction->shape), *open = strchr(shape, '('),
	     *start = open;

	if (!open)
		return shape;
	while (start > shape && start[-1] != ' ' && start[-1] != ',' && start[-1] != '*' && start[-1] != ':')
		start--;
	memmove(start, open, strlen(open) + 1);
	return shape;
}

static bool is_live_datum(const struct reloc *reloc)
{
	if (!reloc->target)
		return *reloc->symbol->name;
	return reloc->target->kind == UNIT_DATUM && !reloc->target->constant && *reloc->target->name;
}

// Of either side; a static may have another number in the new one.
static const char *old_name(const struct reloc *reloc, bool is_new)
{
	const struct unit *target = reloc->target;

	if (!target)
		return reloc->symbol->name;
	return is_new && target->match ? target->match->name : target->name;
}

static void gather(const struct unit *unit, bool is_new, struct arena *arena, struct accesses *to)
{
	struct listing listing = disassemble(unit, arena);

	for (size_t i = 0; i < listing.count; i++) {
		const struct instruction *instruction = &listing.at[i];

		if (!memory_operand(instruction) || instruction->reference)
			continue;
		*vec_push(&to->list) = (struct access){
			.how = shape_without_offset(instruction, arena),
			.offset = instruction->has_displacement ? instruction->displacement : 0};
	}
	for (size_t i = 0; i < unit->reloc_count; i++) {
		const struct reloc *reloc = &unit->relocs[i];

		if (is_live_datum(reloc))
			*vec_push(&to->list) = (struct access){.how = old_name(reloc, is_new),
							       .named = true,
							       .offset = reloc->target_offset};
	}
	for (size_t i = 0; i < unit->part_count; i++)
		if (unit->parts[i]->kind == UNIT_FUNCTION)
			gather(unit->parts[i], is_new, arena, to);
}

static int order_accesses(const void *left, const void *right)
{
	const struct access *a = left, *b = right;
	int order = a->named != b->named ? a->named - b->named : strcmp(a->how, b->how);

	return order ? order : (a->offset > b->offset) - (a->offset < b->offset);
}

// Leaves on each side what the other has not, as often as it has not.
static void take_away_equal(struct accesses *one, struct accesses *other)
{
	size_t i = 0, k = 0, i_left = 0, k_left = 0;

	while (i < one->list.count || k < other->list.count) {
		int order = i == one->list.count     ? 1
			    : k == other->list.count ? -1
						     : order_accesses(&one->list.at[i], &other->list.at[k]);

		if (order < 0)
			one->list.at[i_left++] = one->list.at[i++];
		else if (order > 0)
			other->list.at[k_left++] = other->list.at[k++];
		else
			i++, k++;
	}
	one->list.count = i_left;
	other->list.count = k_left;
}

static void sort_accesses(struct accesses *accesses)
{
	if (accesses->list.count)
		qsort(accesses->list.at, accesses->list.count, sizeof(*accesses->list.at), order_accesses);
}

// Marks what the old function touches: offsets behind registers, and names of data.
static void index_old(const struct accesses *old, struct intmap *offsets, struct strmap *names)
{
	for (size_t i = 0; i < old->list.count; i++)
		if (old->list.at[i].named)
			*strmap_put(names, old->list.at[i].how) = names;
		else
			*intmap_put(offsets, (uint64_t)old->list.at[i].offset) = offsets;
}

static bool was_moved(const struct access *access, const struct accesses *gone)
{
	for (size_t low = 0, high = gone->list.count; low < high;) {
		size_t middle = low + (high - low) / 2;
		const struct access *other = &gone->list.at[middle];
		int order = access->named != other->named ? access->named - other->named
							  : strcmp(access->how, other->how);

		if (!order)
			return true;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return false;
}

// The first access of the new function that may be to a field which lies elsewhere in old memory.
bool touches_elsewhere(const struct unit *function, struct arena *arena, const char **what, int64_t *offset)
{
	struct accesses old = {0}, new_accesses = {0};
	struct intmap *offsets = intmap_new();
	struct strmap *names = strmap_new();
	bool found = false;

	gather(function->match, false, arena, &old);
	gather(function, true, arena, &new_accesses);
	index_old(&old, offsets, names);
	sort_accesses(&old);
	sort_accesses(&new_accesses);
	take_away_equal(&old, &new_accesses);
	for (size_t i = 0; i < new_accesses.list.count && !found; i++) {
		const struct access *access = &new_accesses.list.at[i];

		found = was_moved(access, &old) ||
			(access->named ? strmap_get(names, access->how) && access->offset
				       : !intmap_get(offsets, (uint64_t)access->offset));
		*what = access->named ? access->how : NULL;
		*offset = access->offset;
	}
	free(old.list.at);
	free(new_accesses.list.at);
	intmap_free(offsets);
	strmap_free(names);
	return found;
}

// ---- sizes --------------------------------------------------------------------------------------

enum { SIZE_BEFORE = 12 }; // instructions between a size and the call

static void gather_sizes(const struct unit *unit, struct arena *arena, struct accesses *to)
{
	struct listing listing = disassemble(unit, arena);

	for (size_t i = 0; i < listing.count; i++) {
		const char *callee = listing.at[i].callee;

		if (!callee || !name_is_allocator(callee))
			continue;
		for (size_t k = i; k-- && k + SIZE_BEFORE >= i && !listing.at[k].callee;)
			if (listing.at[k].has_immediate && !listing.at[k].compares &&
			    strncmp(listing.at[k].mnemonic, "nop", 3))
				*vec_push(&to->list) = (struct access){
					.how = callee, .named = true, .offset = listing.at[k].immediate};
	}
	for (size_t i = 0; i < unit->part_count; i++)
		if (unit->parts[i]->kind == UNIT_FUNCTION)
			gather_sizes(unit->parts[i], arena, to);
}

bool allocates_otherwise(const struct unit *function, struct arena *arena, const char **allocator,
			 int64_t *old, int64_t *new_size)
{
	struct accesses before = {0}, after = {0};
	bool found = false;

	gather_sizes(function->match, arena, &before);
	gather_sizes(function, arena, &after);
	sort_accesses(&before);
	sort_accesses(&after);
	take_away_equal(&before, &after);
	for (size_t i = 0; i < after.list.count && !found; i++)
		for (size_t k = 0; k < before.list.count && !found; k++)
			if (!strcmp(after.list.at[i].how, before.list.at[k].how)) {
				*allocator = after.list.at[i].how;
				*old = before.list.at[k].offset;
				*new_size = after.list.at[i].offset;
				found = true;
			}
	free(before.list.at);
	free(after.list.at);
	return found;
}
