// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Compares matched units by meaning: bytes outside of relocated fields, and relocations by what they refer to.
 * Then what follows from it: a function whose split-off part, exception table or special entry changed has
 * changed, and so has every reader of a read-only datum that changed.
 */
#include "diff/debug.h"
#include "diff/model.h"
#include "diff/notes.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define CHANGES_MAX 64 // per unit; more of them tell nobody more
#define TEXT_MAX    60 // bytes of a string that are shown

enum answer { ANSWER_OPEN = 1, ANSWER_SAME, ANSWER_DIFFERENT };

struct comparison {
	struct object *old, *new_object;
	struct arena *arena;
	struct intmap *answers; // of pairs of content units, by both indexes
};

typedef VEC(struct change) change_list;

static bool same_meaning(struct comparison *c, const struct reloc *old, const struct reloc *new_reloc);

// ---- bytes ---------------------------------------------------------------------------------------

static const uint8_t *unit_bytes(const struct unit *unit)
{
	return unit->section->data ? unit->section->data + unit->offset : NULL;
}

// First offset from AT on where the bytes differ outside of relocated fields, or the size.
static uint64_t next_difference(const struct unit *old, const struct unit *new_unit, uint64_t at,
				size_t *reloc)
{
	const uint8_t *left = unit_bytes(old), *right = unit_bytes(new_unit);

	if (!left || !right)
		return left == right ? old->size : at;
	for (;;) {
		uint64_t stop;

		while (*reloc < old->reloc_count) {
			const struct reloc *field = &old->relocs[*reloc];
			uint64_t end = field->offset - old->offset + field->info->size;

			if (field->offset - old->offset > at)
				break;
			at = end > at ? end : at;
			(*reloc)++;
		}
		stop = *reloc < old->reloc_count ? old->relocs[*reloc].offset - old->offset : old->size;
		if (stop > old->size)
			stop = old->size;
		if (at >= stop && stop == old->size)
			return old->size;
		if (memcmp(left + at, right + at, stop - at)) {
			while (left[at] == right[at])
				at++;
			return at;
		}
		at = stop;
		if (at >= old->size)
			return old->size;
	}
}

// Some machines fill only a few bits of an instruction: what the relocation leaves alone must be equal.
static bool same_unfilled_bits(const struct unit *old, const struct unit *new_unit)
{
	const uint8_t *left = unit_bytes(old), *right = unit_bytes(new_unit);

	for (size_t i = 0; left && right && i < old->reloc_count; i++) {
		const struct reloc_info *info = old->relocs[i].info;
		uint64_t at = old->relocs[i].offset - old->offset, a = 0, b = 0;

		if (!info->size || info->size > 8 || at + info->size > old->size || info->mask == UINT64_MAX)
			continue;
		for (unsigned k = 0; k < info->size; k++) {
			unsigned byte = old->object->arch->big_endian ? k : info->size - 1 - k;

			a = a << 8 | left[at + byte];
			b = b << 8 | right[at + byte];
		}
		if ((a ^ b) & ~info->mask &
		    (info->size == 8 ? UINT64_MAX : (UINT64_C(1) << 8 * info->size) - 1))
			return false;
	}
	return true;
}

bool masked_bytes_equal(const struct unit *old, const struct unit *new_unit)
{
	size_t reloc = 0;

	return next_difference(old, new_unit, 0, &reloc) == old->size && same_unfilled_bits(old, new_unit);
}

// ---- content -------------------------------------------------------------------------------------

// __FILE__ and the like: behind the directory that each side was built in, the strings must agree.
static const uint8_t *behind(const uint8_t *text, uint64_t *size, const char *prefix)
{
	size_t length = prefix ? strlen(prefix) : 0;

	if (!length || *size < length || memcmp(text, prefix, length))
		return NULL;
	*size -= length;
	return text + length;
}

static bool same_behind(const uint8_t *left, uint64_t left_size, const char *left_prefix,
			const uint8_t *right, uint64_t right_size, const char *right_prefix)
{
	left = behind(left, &left_size, left_prefix);
	right = behind(right, &right_size, right_prefix);
	return left && right && left_size == right_size && !memcmp(left, right, left_size);
}

static bool same_strings(struct comparison *c, const uint8_t *left, uint64_t left_size, const uint8_t *right,
			 uint64_t right_size)
{
	if (left_size == right_size && !memcmp(left, right, left_size))
		return true;
	if (!left_size || !right_size || (*left != '/' && *right != '/'))
		return false;
	return same_behind(left, left_size, object_compile_dir(c->old), right, right_size,
			   object_compile_dir(c->new_object)) ||
	       same_behind(left, left_size, c->old->tree_root, right, right_size, c->new_object->tree_root);
}

/*
 * One may reach further over the alignment before what follows it. The shorter one, or either when they are as long; NULL when
 * there is more than that.
 */
static const struct unit *without_padding(const struct unit *old, const struct unit *new_unit)
{
	const struct unit *longer = old->size > new_unit->size ? old : new_unit;
	const struct unit *shorter = longer == old ? new_unit : old;
	const uint8_t *rest = unit_bytes(longer);

	if (longer->size == shorter->size)
		return shorter;
	if (longer->size - shorter->size >= longer->section->align || !rest)
		return NULL;
	for (uint64_t i = shorter->size; i < longer->size; i++)
		if (rest[i])
			return NULL;
	return shorter;
}

// A place in the table itself: RISC-V's tables of distances, .Lcase1 - .Ltable, in two relocations an entry.
static bool means_itself(const struct unit *old, const struct unit *new_unit, size_t i)
{
	return old->relocs[i].target == old && new_unit->relocs[i].target == new_unit &&
	       old->relocs[i].target_offset == new_unit->relocs[i].target_offset;
}

/*
 * A sanitizer's record whose line or column moved:
 *	struct source_location {const char *file; u32 line, column;}, first in what __ubsan_handle_* is given
 */
static bool only_place_moved(struct comparison *c, const struct unit *old, const struct unit *new_unit)
{
	const struct unit *shorter = without_padding(old, new_unit);
	uint64_t place = old->object->arch->pointer_size;
	size_t reloc = 0;

	if (!old->source_place || !new_unit->source_place || !shorter || !relocs_align(old, new_unit) ||
	    !unit_bytes(old) || !unit_bytes(new_unit))
		return false;
	for (uint64_t at = 0;
	     (at = next_difference(shorter, shorter == old ? new_unit : old, at, &reloc)) < shorter->size;
	     at++)
		if (at < place || at >= place + 8)
			return false;
	for (size_t i = 0; i < old->reloc_count; i++)
		if (!same_meaning(c, &old->relocs[i], &new_unit->relocs[i]))
			return false;
	return true;
}

static bool compare_content(struct comparison *c, const struct unit *old, const struct unit *new_unit)
{
	const struct unit *shorter;

	if (old->kind == UNIT_LITERAL && new_unit->kind == UNIT_LITERAL &&
	    (old->section->flags ^ new_unit->section->flags) & SECTION_STRINGS)
		return false;
	if (old->kind == UNIT_LITERAL && old->section->flags & SECTION_STRINGS && unit_bytes(new_unit) &&
	    !new_unit->reloc_count)
		return same_strings(c, unit_bytes(old), old->size, unit_bytes(new_unit), new_unit->size);
	shorter = without_padding(old, new_unit);
	if (!shorter || !relocs_align(old, new_unit))
		return false;
	if (only_place_moved(c, old, new_unit))
		return true;
	if (!masked_bytes_equal(shorter, shorter == old ? new_unit : old))
		return false;
	for (size_t i = 0; i < old->reloc_count; i++)
		if (!means_itself(old, new_unit, i) &&
		    !same_meaning(c, &old->relocs[i], &new_unit->relocs[i]))
			return false;
	return true;
}

// Tables that refer to each other in a circle have no end to compare up to: that counts as different.
static bool same_content(struct comparison *c, const struct unit *old, const struct unit *new_unit)
{
	uint64_t key = (uint64_t)unit_index(old) << 32 | unit_index(new_unit);
	void **answer = intmap_put(c->answers, key);
	bool same;

	if (*answer)
		return (uintptr_t)*answer == ANSWER_SAME;
	*answer = (void *)(uintptr_t)ANSWER_OPEN;
	same = compare_content(c, old, new_unit);
	*intmap_put(c->answers, key) = (void *)(uintptr_t)(same ? ANSWER_SAME : ANSWER_DIFFERENT);
	return same;
}

// `"abc" + 1` on one side may be a string of its own, "bc", on the other.
static bool same_tail(const struct reloc *old, const struct reloc *new_reloc)
{
	const struct unit *left = old->target, *right = new_reloc->target;
	uint64_t left_at = (uint64_t)old->target_offset, right_at = (uint64_t)new_reloc->target_offset;

	if (left->kind != UNIT_LITERAL || right->kind != UNIT_LITERAL || left_at >= left->size ||
	    right_at >= right->size)
		return false;
	if (!(left->section->flags & right->section->flags & SECTION_STRINGS) ||
	    left->section->entry_size != right->section->entry_size)
		return false;
	return left->size - left_at == right->size - right_at &&
	       !memcmp(unit_bytes(left) + left_at, unit_bytes(right) + right_at, left->size - left_at);
}

// ---- relocations ---------------------------------------------------------------------------------

static bool same_symbol(const struct reloc *old, const struct reloc *new_reloc)
{
	const struct symbol *left = old->symbol, *right = new_reloc->symbol;

	if (strcmp(left->name, right->name) || old->target_offset != new_reloc->target_offset)
		return false;
	return left->binding != BINDING_LOCAL && right->binding != BINDING_LOCAL
		       ? true
		       : !left->section && !right->section && left->absolute == right->absolute;
}

static const struct reloc *first_reloc_at(const struct unit *unit, uint64_t offset)
{
	size_t low = 0, high = unit->reloc_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (unit->relocs[middle].offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return unit->relocs + low;
}

// Within a unit of its section: what is loaded, and that it is there.
static const uint8_t *loaded(const struct reloc *reloc)
{
	const struct unit *unit = reloc->target;

	if (!unit_bytes(unit) || reloc->target_offset < 0 || (uint64_t)reloc->target_offset > unit->size ||
	    unit->size - (uint64_t)reloc->target_offset < reloc->loads)
		return NULL;
	return unit_bytes(unit) + reloc->target_offset;
}

/*
 * A pool of literals behind several functions, which has no names: of it a function reads but what it loads.
 *	ldr x0, =0x1122334455667788		.ltorg
 */
static bool same_loaded(struct comparison *c, const struct reloc *old, const struct reloc *new_reloc)
{
	const uint8_t *left = loaded(old), *right = loaded(new_reloc);
	const struct unit *from = old->target, *to = new_reloc->target;
	uint64_t at, new_at, end;
	const struct reloc *field, *new_field;

	if (!left || !right || old->loads != new_reloc->loads || memcmp(left, right, old->loads) != 0)
		return false;
	at = from->offset + (uint64_t)old->target_offset;
	new_at = to->offset + (uint64_t)new_reloc->target_offset;
	end = at + old->loads;
	field = first_reloc_at(from, at);
	new_field = first_reloc_at(to, new_at);
	for (;; field++, new_field++) {
		bool more = field < from->relocs + from->reloc_count && field->offset < end;
		bool new_more =
			new_field < to->relocs + to->reloc_count && new_field->offset < new_at + old->loads;

		if (!more || !new_more)
			return more == new_more;
		if (field->offset - at != new_field->offset - new_at || field->implied ||
		    new_field->implied || !same_meaning(c, field, new_field))
			return false;
	}
}

/* Same type, same target, same place in it. A symbol that is defined here now and was elsewhere before is the same. */
static bool same_meaning(struct comparison *c, const struct reloc *old, const struct reloc *new_reloc)
{
	const struct unit *left = old->target, *right = new_reloc->target;

	if (!relocs_same_type(old, new_reloc))
		return false;
	if (!left || !right) {
		uint64_t left_offset = (uint64_t)old->target_offset,
			 right_offset = (uint64_t)new_reloc->target_offset;

		// Against a definition offsets count from its unit, which may start before the symbol: aliases inside.
		if (left)
			left_offset -= old->symbol->value - left->offset;
		if (right)
			right_offset -= new_reloc->symbol->value - right->offset;
		if (!left && !right)
			return same_symbol(old, new_reloc);
		return !strcmp(old->symbol->name, new_reloc->symbol->name) && left_offset == right_offset &&
		       old->symbol->binding != BINDING_LOCAL && new_reloc->symbol->binding != BINDING_LOCAL;
	}
	if (old->loads && unit_is_content(left) && unit_is_content(right) && left->kind == UNIT_ANONYMOUS &&
	    right->kind == UNIT_ANONYMOUS)
		return same_loaded(c, old, new_reloc);
	if (unit_is_content(left) && unit_is_content(right))
		return (old->target_offset == new_reloc->target_offset && same_content(c, left, right)) ||
		       same_tail(old, new_reloc);
	return left->match == right && old->target_offset == new_reloc->target_offset;
}

// ---- saying what differs -------------------------------------------------------------------------

static const char *quote(struct arena *arena, const struct unit *unit, uint64_t at)
{
	const uint8_t *text = unit_bytes(unit) + at;
	uint64_t size = unit->size - at;
	char *quoted = arena_alloc(arena, 4 * TEXT_MAX + 8), *out = quoted;

	*out++ = '"';
	for (uint64_t i = 0; i < size && text[i]; i++) {
		if (i == TEXT_MAX) {
			strcpy(out, "...");
			out += 3;
			break;
		}
		if (text[i] == '\n')
			out += sprintf(out, "\\n");
		else if (text[i] == '"' || text[i] == '\\')
			out += sprintf(out, "\\%c", text[i]);
		else if (text[i] < ' ' || text[i] == 0x7f)
			out += sprintf(out, "\\x%02x", text[i]);
		else
			*out++ = (char)text[i];
	}
	strcpy(out, "\"");
	return quoted;
}

static const char *describe_target(struct arena *arena, const struct reloc *reloc)
{
	const struct unit *target = reloc->target;
	const char *name = target && *target->name ? target->name : reloc->symbol->name;
	int64_t offset = reloc->target_offset;

	if (target && offset >= 0 && (uint64_t)offset < target->size &&
	    ((target->kind == UNIT_LITERAL && target->section->flags & SECTION_STRINGS &&
	      target->section->entry_size == 1) ||
	     (name_is_text(target->name) && unit_bytes(target))))
		return quote(arena, target, (uint64_t)offset);
	if (target && unit_is_content(target) && !*target->name)
		name = target->kind == UNIT_LITERAL ? "a constant" : "unnamed data";
	if (!offset)
		return name;
	return arena_printf(arena, "%s%s0x%" PRIx64, name, offset < 0 ? "-" : "+",
			    offset < 0 ? 0 - (uint64_t)offset : (uint64_t)offset);
}

#define BYTES_SHOWN 8

static const char *bytes_text(struct arena *arena, const struct unit *unit, const char *name, uint64_t at)
{
	char text[3 * BYTES_SHOWN + 1] = "";

	for (uint64_t i = 0; i < BYTES_SHOWN && at + i < unit->size; i++)
		sprintf(text + 3 * i, " %02x", unit_bytes(unit)[at + i]);
	return arena_printf(arena, "%s at +0x%" PRIx64 ":%s", name, at, text);
}

/* What differs in meaning, by name; tables that have one name on both sides, or none, by their first other bytes. */
static void describe_targets(struct arena *arena, const struct reloc *old, const struct reloc *new_reloc,
			     struct change *change)
{
	const struct unit *left = old->target, *right = new_reloc->target;
	uint64_t at = 0;

	change->old = describe_target(arena, old);
	change->new = describe_target(arena, new_reloc);
	if (strcmp(change->old, change->new) || !left || !right || !unit_is_content(left) ||
	    !unit_is_content(right) || !unit_bytes(left) || !unit_bytes(right))
		return;
	while (at < left->size && at < right->size && unit_bytes(left)[at] == unit_bytes(right)[at])
		at++;
	if (at == left->size || at == right->size)
		return;
	at -= at % 4; // whole numbers, as most tables hold
	change->old = bytes_text(arena, left, change->old, at);
	change->new = bytes_text(arena, right, change->new, at);
}

static void add_change(change_list *list, struct change change)
{
	if (list->count < CHANGES_MAX)
		*vec_push(list) = change;
}

static void store_changes(struct arena *arena, struct unit *unit, const change_list *list)
{
	struct change *all = arena_array(arena, unit->change_count + list->count, sizeof(*all));

	if (unit->change_count)
		memcpy(all, unit->changes, unit->change_count * sizeof(*all));
	if (list->count)
		memcpy(all + unit->change_count, list->at, list->count * sizeof(*all));
	unit->changes = all;
	unit->change_count += list->count;
}

static void mark_changed(struct comparison *c, struct unit *new_unit, struct change change)
{
	change_list list = {.at = &change, .count = 1};

	new_unit->status = UNIT_CHANGED;
	if (new_unit->match)
		new_unit->match->status = UNIT_CHANGED;
	new_unit->line_only = false;
	store_changes(c->arena, new_unit, &list);
}

// ---- __LINE__ ------------------------------------------------------------------------------------

/*
 * Is VALUE the source line of the instruction at OFFSET, or of the call that it prepares? GCC gives the argument's
 * move the line of the statement it is part of, which for a macro over several lines is not the call's. A callee that
 * got __LINE__ as an argument and was inlined has it at its own lines: then it is the line of the inlined call.
 */
static bool is_own_line(const struct unit *unit, uint64_t offset, uint64_t value)
{
	const char *file;
	unsigned line;

	if (!notes_may_be_line(unit->object, value))
		return false;
	if (object_line(unit->object, unit->section, unit->offset + offset, &file, &line) && line == value)
		return true;
	if (debug_called_from(unit->object, unit->section, unit->offset + offset, value))
		return true;
	for (size_t i = 0; i < unit->reloc_count; i++) {
		if (unit->relocs[i].offset < unit->offset + offset ||
		    unit->relocs[i].info->kind != RELOC_CALL)
			continue;
		return object_line(unit->object, unit->section, unit->relocs[i].offset, &file, &line) &&
		       line == value;
	}
	return false;
}

// The bytes of an immediate, outside of its own bits, are equal.
static bool same_around(const struct unit *old, const struct unit *new_unit,
			const struct code_immediate *found)
{
	const uint8_t *left = unit_bytes(old) + found->start, *right = unit_bytes(new_unit) + found->start;

	for (unsigned i = 0; i < found->length; i++) {
		unsigned shift = 8 * (old->object->arch->big_endian ? found->length - 1u - i : i);

		if ((left[i] ^ right[i]) & ~(found->mask >> shift) & 0xff)
			return false;
	}
	return true;
}

/* Does the byte at AT belong to an immediate that is its own source line on both sides? *END: behind it. */
static bool is_line_immediate(const struct unit *old, const struct unit *new_unit, uint64_t at, uint64_t *end,
			      struct change *change, struct arena *arena)
{
	const struct arch *arch = old->object->arch;
	struct code_immediate left, right;

	if (!arch->immediate_at || !arch->immediate_at(unit_bytes(old), old->size, at, &left) ||
	    !arch->immediate_at(unit_bytes(new_unit), new_unit->size, at, &right) ||
	    left.start != right.start || left.length != right.length || left.mask != right.mask ||
	    !same_around(old, new_unit, &left))
		return false;
	if (left.value < 0 || right.value < 0 || !is_own_line(old, left.start, (uint64_t)left.value) ||
	    !is_own_line(new_unit, left.start, (uint64_t)right.value))
		return false;
	*end = left.start + left.length;
	*change = (struct change){.kind = CHANGE_IMMEDIATE,
				  .at_old = left.start,
				  .at_new = left.start,
				  .old = arena_printf(arena, "%" PRId64, left.value),
				  .new = arena_printf(arena, "%" PRId64, right.value),
				  .old_line = (unsigned)left.value,
				  .line = (unsigned)right.value,
				  .text = "__LINE__"};
	return true;
}

/* "file.c:1034" on one side, "file.c:1059" on the other: the source line of the instruction that refers to it. */
static bool is_line_string(const struct unit *old, const struct unit *new_unit, size_t i,
			   struct change *change, struct arena *arena)
{
	uint64_t old_value, new_value, at = old->relocs[i].offset - old->offset;

	if (old->kind != UNIT_FUNCTION || old->relocs[i].info != new_unit->relocs[i].info ||
	    !strings_differ_in_number(&old->relocs[i], &new_unit->relocs[i], &old_value, &new_value) ||
	    !is_own_line(old, at, old_value) || !is_own_line(new_unit, at, new_value))
		return false;
	*change = (struct change){.kind = CHANGE_IMMEDIATE,
				  .at_old = at,
				  .at_new = at,
				  .old = arena_printf(arena, "%" PRIu64, old_value),
				  .new = arena_printf(arena, "%" PRIu64, new_value),
				  .old_line = (unsigned)old_value,
				  .line = (unsigned)new_value,
				  .text = "__LINE__"};
	return true;
}

// ---- one pair of units ---------------------------------------------------------------------------

static uint64_t common_prefix(const struct unit *old, const struct unit *new_unit)
{
	uint64_t size = old->size < new_unit->size ? old->size : new_unit->size, at = 0;
	const uint8_t *left = unit_bytes(old), *right = unit_bytes(new_unit);

	while (left && right && at < size && left[at] == right[at])
		at++;
	return at;
}

static void compare_attributes(struct comparison *c, struct unit *old, struct unit *new_unit,
			       change_list *list)
{
	unsigned flags = SECTION_WRITE | SECTION_TLS | SECTION_RELRO;
	const struct symbol *left = old->symbol_count ? old->symbols[0] : NULL;
	const struct symbol *right = new_unit->symbol_count ? new_unit->symbols[0] : NULL;
	struct change change = {.kind = CHANGE_ATTRIBUTE};

	if (old->kind == UNIT_DATUM && (old->section->flags ^ new_unit->section->flags) & flags) {
		change.old = old->section->name;
		change.new = new_unit->section->name;
		change.text = "moved to another kind of section";
		add_change(list, change);
	} else if ((unit_is_table_entry(old) || unit_is_table_entry(new_unit)) &&
		   strcmp(old->section->name, new_unit->section->name)) {
		change.old = old->section->name;
		change.new = new_unit->section->name;
		change.text = "moved to another table";
		add_change(list, change);
	}
	if (!left || !right)
		return;
	if ((left->kind == SYMBOL_IFUNC) != (right->kind == SYMBOL_IFUNC)) {
		change.text = right->kind == SYMBOL_IFUNC ? "became an indirect function"
							  : "is no indirect function any more";
		add_change(list, change);
	}
	if ((left->binding == BINDING_WEAK) != (right->binding == BINDING_WEAK) &&
	    left->binding != BINDING_LOCAL && right->binding != BINDING_LOCAL) {
		change.old = left->binding == BINDING_WEAK ? "weak" : "global";
		change.new = right->binding == BINDING_WEAK ? "weak" : "global";
		change.text = "binding changed";
		add_change(list, change);
	}
	(void)c;
}

static void list_differences(struct comparison *c, struct unit *old, struct unit *new_unit, change_list *list,
			     bool *only_lines)
{
	size_t reloc = 0;

	for (uint64_t at = 0; (at = next_difference(old, new_unit, at, &reloc)) < old->size;) {
		const uint8_t *left = unit_bytes(old), *right = unit_bytes(new_unit);
		struct change change = {.kind = CHANGE_BYTES, .at_old = at, .at_new = at};
		uint64_t end = at + 1;

		if (!*only_lines || old->kind != UNIT_FUNCTION || !left || !right ||
		    !is_line_immediate(old, new_unit, at, &end, &change, c->arena)) {
			*only_lines = false;
			if (!left || !right)
				end = old->size;
			while (end < old->size && left[end] != right[end])
				end++;
		}
		if (list->count >= CHANGES_MAX)
			*only_lines = false;
		add_change(list, change);
		if (list->count >= CHANGES_MAX)
			break;
		at = end;
	}
	for (size_t i = 0; i < old->reloc_count; i++) {
		struct change change;

		if (same_meaning(c, &old->relocs[i], &new_unit->relocs[i]))
			continue;
		if (!*only_lines || !is_line_string(old, new_unit, i, &change, c->arena)) {
			*only_lines = false;
			change = (struct change){.kind = CHANGE_TARGET,
						 .at_old = old->relocs[i].offset - old->offset,
						 .at_new = new_unit->relocs[i].offset - new_unit->offset};
			describe_targets(c->arena, &old->relocs[i], &new_unit->relocs[i], &change);
		}
		if (list->count >= CHANGES_MAX)
			*only_lines = false;
		add_change(list, change);
		if (list->count >= CHANGES_MAX)
			break;
	}
	if (!same_unfilled_bits(old, new_unit)) {
		*only_lines = false;
		add_change(list, (struct change){.kind = CHANGE_BYTES});
	}
}

/*
 * The name of a type, as typeid() tells it (Itanium C++ ABI, 2.9.5 "RTTI Layout"): _ZTS and the name that it holds. Of a
 * lambda it has a number of this build.
 */
static bool names_itself(const struct unit *unit)
{
	const char *text = (const char *)unit_bytes(unit), *own = unit->name + strlen("_ZTS");

	if (unit->kind != UNIT_DATUM || strncmp(unit->name, "_ZTS", 4) || !text || unit->reloc_count)
		return false;
	// GCC's names of types that are this file's alone begin with a star: they are compared by address.
	return unit->size == strlen(own) + 1 + (*text == '*') &&
	       !memcmp(text + (*text == '*'), own, strlen(own) + 1);
}

static void compare_units(struct comparison *c, struct unit *old, struct unit *new_unit)
{
	change_list list = {0};
	bool only_lines = old->object->has_lines && new_unit->object->has_lines;

	compare_attributes(c, old, new_unit, &list);
	only_lines &= !list.count;
	if (names_itself(old) && names_itself(new_unit)) {
		only_lines = false; // matched by their keys: the same but for numbers
	} else if (old->size != new_unit->size) {
		only_lines = false;
		add_change(&list, (struct change){.kind = CHANGE_SIZE,
						  .at_old = common_prefix(old, new_unit),
						  .at_new = common_prefix(old, new_unit),
						  .old = arena_printf(c->arena, "%" PRIu64, old->size),
						  .new = arena_printf(c->arena, "%" PRIu64, new_unit->size)});
	} else if (!relocs_align(old, new_unit)) {
		only_lines = false;
		add_change(&list, (struct change){.kind = CHANGE_BYTES,
						  .at_old = common_prefix(old, new_unit),
						  .at_new = common_prefix(old, new_unit)});
	} else {
		list_differences(c, old, new_unit, &list, &only_lines);
	}
	new_unit->line_only = only_lines && list.count;
	old->status = new_unit->status = list.count && !new_unit->line_only ? UNIT_CHANGED : UNIT_SAME;
	store_changes(c->arena, new_unit, &list);
	free(list.at);
}

// ---- what follows --------------------------------------------------------------------------------

static const struct unit *next_entry(const struct unit *unit, size_t *i)
{
	for (; *i < unit->part_count; (*i)++) {
		const struct unit *part = unit->parts[*i];

		if (part->kind == UNIT_ENTRY && part->section->special && !part->section->special->dropped &&
		    !part->section->special->per_build)
			return unit->parts[(*i)++];
		// The exception table is compared; the unwind entry itself describes code that was compared already.
		if (part->section->role == ROLE_LSDA)
			return unit->parts[(*i)++];
	}
	return NULL;
}

static unsigned entry_line(const struct unit *entry)
{
	const uint8_t *at = unit_bytes(entry) + entry->section->special->line_at;

	return entry->object->arch->big_endian ? at[0] << 8 | at[1] : at[1] << 8 | at[0];
}

/* An entry of __bug_table that differs in nothing but the source line of the place it describes, on both sides. */
static bool is_line_entry(struct comparison *c, const struct unit *old, const struct unit *new_unit,
			  struct change *change)
{
	const struct special_section *special = old->section->special;
	size_t reloc = 0;

	if (!special || !special->line_at || special != new_unit->section->special ||
	    old->size != new_unit->size || old->size < (uint64_t)special->line_at + 2 ||
	    !relocs_align(old, new_unit) || !old->reloc_count || !c->old->has_lines ||
	    !c->new_object->has_lines)
		return false;
	for (uint64_t at = 0; (at = next_difference(old, new_unit, at, &reloc)) < old->size; at++)
		if (at < special->line_at || at > (uint64_t)special->line_at + 1)
			return false;
	for (size_t i = 0; i < old->reloc_count; i++)
		if (!same_meaning(c, &old->relocs[i], &new_unit->relocs[i]))
			return false;
	*change = (struct change){.kind = CHANGE_IMMEDIATE,
				  .at_old = (uint64_t)old->relocs[0].target_offset,
				  .at_new = (uint64_t)new_unit->relocs[0].target_offset,
				  .old_line = entry_line(old),
				  .line = entry_line(new_unit),
				  .old = arena_printf(c->arena, "%u", entry_line(old)),
				  .new = arena_printf(c->arena, "%u", entry_line(new_unit)),
				  .text = "__LINE__"};
	return old->relocs[0].target && new_unit->relocs[0].target &&
	       is_own_line(old->relocs[0].target, change->at_old, change->old_line) &&
	       is_own_line(new_unit->relocs[0].target, change->at_new, change->line);
}

static bool same_entry(struct comparison *c, const struct unit *old, const struct unit *new_unit,
		       change_list *lines)
{
	struct change change;

	// A function's exception table is in a section of the function's name, numbers of a lambda included.
	if (old->section->role != new_unit->section->role ||
	    (old->section->role != ROLE_LSDA && strcmp(old->section->name, new_unit->section->name)))
		return false;
	if (compare_content(c, old, new_unit))
		return true;
	if (!is_line_entry(c, old, new_unit, &change))
		return false;
	add_change(lines, change);
	return true;
}

/* Special entries are in the order of the code they describe, so they are compared one by one. */
static void compare_parts(struct comparison *c, struct unit *new_unit)
{
	const struct unit *old = new_unit->match, *left, *right;
	change_list lines = {0};
	size_t i = 0, k = 0;

	for (size_t n = 0; n < new_unit->part_count; n++)
		if (new_unit->parts[n]->kind == UNIT_FUNCTION && new_unit->parts[n]->status == UNIT_CHANGED) {
			mark_changed(c, new_unit,
				     (struct change){.kind = CHANGE_PART,
						     .of = new_unit->parts[n],
						     .of_name = new_unit->parts[n]->name});
			return;
		}
	if (new_unit->status == UNIT_CHANGED)
		return;
	do {
		left = next_entry(old, &i);
		right = next_entry(new_unit, &k);
		if (left && right && same_entry(c, left, right, &lines))
			continue;
		if (left || right)
			mark_changed(c, new_unit,
				     (struct change){.kind = CHANGE_PART,
						     .of = right ? right : left,
						     .of_name = (right ? right : left)->section->name});
	} while (left && right && new_unit->status == UNIT_SAME);
	if (new_unit->status == UNIT_SAME && lines.count) {
		new_unit->line_only = true;
		store_changes(c->arena, new_unit, &lines);
	}
	free(lines.at);
}

static bool is_changed_constant(const struct unit *unit)
{
	return unit->kind == UNIT_DATUM && unit->match && unit->status == UNIT_CHANGED &&
	       !unit_is_writable(unit);
}

static struct unit *reader_of(struct unit *unit)
{
	return unit->owner && unit->kind == UNIT_FUNCTION ? unit->owner : unit;
}

/*
 * A changed constant gets a new place, so that old code keeps the old one: who reads it must be new as well. A
 * constant table that points to it is itself another one then; unnamed tables pass it on.
 */
static void spread_from(struct comparison *c, struct unit **first, size_t first_count,
			const struct unit *cause)
{
	struct referrers *referrers = NULL;
	VEC(struct unit *) queue = {0};
	VEC(const struct unit *) causes = {0}; // the constant that changed, for each in the queue
	struct intmap *queued = intmap_new();

	for (size_t i = 0; i < first_count; i++) {
		*vec_push(&queue) = first[i];
		*vec_push(&causes) = cause ? cause : first[i];
	}
	if (queue.count)
		referrers = referrers_new(c->new_object);
	for (size_t i = 0; i < queue.count; i++) {
		size_t count;
		struct unit *const *from = referrers_of(referrers, queue.at[i], &count);

		for (size_t k = 0; k < count; k++) {
			struct unit *reader = reader_of(from[k]);
			const struct unit *next;

			if (reader->kind == UNIT_ENTRY || reader->kind == UNIT_LITERAL ||
			    reader == queue.at[i] || unit_is_writable(reader))
				continue;
			if (reader->match && reader->status == UNIT_SAME && !unit_is_content(reader))
				mark_changed(c, reader,
					     (struct change){.kind = CHANGE_READS,
							     .of = causes.at[i],
							     .of_name = causes.at[i]->name});
			else if (!unit_is_content(reader))
				continue;
			if (reader->kind == UNIT_FUNCTION || intmap_get(queued, unit_index(reader) + 1))
				continue;
			*intmap_put(queued, unit_index(reader) + 1) = reader;
			*vec_push(&queue) = reader;
			next = unit_is_content(reader) ? causes.at[i] : reader;
			*vec_push(&causes) = next;
		}
	}
	referrers_free(referrers);
	intmap_free(queued);
	free(queue.at);
	free(causes.at);
}

static struct unit *unit_named(struct object *object, const char *name)
{
	const struct symbol *symbol = object_find(object, name);

	return symbol && symbol->binding != BINDING_LOCAL && symbol->unit &&
			       symbol->value == symbol->unit->offset
		       ? symbol->unit
		       : NULL;
}

/*
 * A global name that is another function's, or datum's, than before:
 *	void f(void) __attribute__((alias("one")));   ->   alias("two")
 * Both keep their bytes, but who calls `f` gets the other one: one has lost the name, two has got it.
 */
static void compare_names(struct comparison *c)
{
	for (size_t i = 1; i < c->new_object->symbol_count; i++) {
		struct symbol *symbol = &c->new_object->symbols[i];
		struct unit *unit = symbol->unit, *before;
		struct change change = {.kind = CHANGE_ATTRIBUTE};

		if (!unit || symbol->binding == BINDING_LOCAL || symbol->value != unit->offset ||
		    !unit->match)
			continue;
		before = unit_named(c->old, symbol->name);
		if (!before || !before->match || before->match == unit)
			continue;
		change.old = arena_printf(c->arena, "%s is %s", symbol->name, before->name);
		change.new = arena_printf(c->arena, "%s is %s", symbol->name, unit->name);
		change.text = arena_printf(c->arena, "%s is another function's name now", symbol->name);
		mark_changed(c, before->match, change);
		change.text = arena_printf(c->arena, "%s was another function's name before", symbol->name);
		mark_changed(c, unit, change);
	}
}

static void spread_constants(struct comparison *c)
{
	VEC(struct unit *) first = {0};

	for (size_t i = 0; i < c->new_object->unit_count; i++)
		if (is_changed_constant(&c->new_object->units[i]))
			*vec_push(&first) = &c->new_object->units[i];
	spread_from(c, first.at, first.count, NULL);
	free(first.at);
}

bool spread_constant(struct object *old, struct object *new_object, struct unit *reader,
		     const struct unit *datum)
{
	struct comparison c = {.old = old, .new_object = new_object, .arena = new_object->arena};
	struct unit *whole = reader_of(reader);

	if (whole->kind == UNIT_ENTRY || whole->kind == UNIT_LITERAL || unit_is_writable(whole))
		return false;
	if (!unit_is_content(whole)) {
		if (!whole->match || whole->status != UNIT_SAME)
			return false;
		mark_changed(&c, whole,
			     (struct change){.kind = CHANGE_READS, .of = datum, .of_name = datum->name});
	}
	if (whole->kind != UNIT_FUNCTION)
		spread_from(&c, &whole, 1, datum);
	return true;
}

static bool counts_alone(const struct unit *unit)
{
	return (unit->kind == UNIT_FUNCTION || unit->kind == UNIT_DATUM) && !unit_is_content(unit) &&
	       !unit->bookkeeping && !(unit->kind == UNIT_DATUM && name_is_per_build(unit->name));
}

static void mark_alone(struct comparison *c, struct object *object, enum unit_status status,
		       enum change_kind kind)
{
	change_list list = {.at = &(struct change){.kind = kind}, .count = 1};

	for (size_t i = 0; i < object->unit_count; i++) {
		struct unit *unit = &object->units[i];

		if (unit->match || !counts_alone(unit))
			continue;
		unit->status = status;
		store_changes(c->arena, unit, &list);
	}
}

/*
 * Writable data that counts by content, a sanitizer's records, may be matched for its use alone. With other contents it is
 * another one: new code brings its own.
 */
static void part_records(struct comparison *c)
{
	for (size_t i = 0; i < c->new_object->unit_count; i++) {
		struct unit *unit = &c->new_object->units[i];

		if (!unit->match || !unit_is_content(unit) || !(unit->section->flags & SECTION_WRITE) ||
		    unit->section->flags & SECTION_RELRO || same_content(c, unit->match, unit))
			continue;
		unit->match->match = NULL;
		unit->match = NULL;
	}
}

void compare(struct object *old, struct object *new_object)
{
	struct comparison c = {
		.old = old, .new_object = new_object, .arena = new_object->arena, .answers = intmap_new()};

	part_records(&c);
	for (size_t i = 0; i < new_object->unit_count; i++) {
		struct unit *unit = &new_object->units[i];

		if (unit->match &&
		    (counts_alone(unit) ||
		     (unit->kind == UNIT_ANONYMOUS && unit_is_writable(unit) && !unit->bookkeeping)) &&
		    !only_place_moved(&c, unit->match, unit))
			compare_units(&c, unit->match, unit);
	}
	for (size_t i = 0; i < new_object->unit_count; i++)
		if (new_object->units[i].match && new_object->units[i].kind == UNIT_FUNCTION &&
		    !new_object->units[i].bookkeeping)
			compare_parts(&c, &new_object->units[i]);
	compare_names(&c);
	spread_constants(&c);
	mark_alone(&c, old, UNIT_REMOVED, CHANGE_REMOVED);
	mark_alone(&c, new_object, UNIT_NEW, CHANGE_NEW);
	intmap_free(c.answers);
}
