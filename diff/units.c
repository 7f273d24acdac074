// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Splits sections into units and points every relocation at the unit it lands in.
 *
 *	.text.f		f, f_alias		one UNIT_FUNCTION with two symbols
 *	.rodata.f	jump table | .LC3	UNIT_ANONYMOUS each: they start where code refers to
 *	.rodata.str1.1	"a\0" | "bc\0"		UNIT_LITERAL, one per string that something refers to
 *	.eh_frame	CIE | FDE | FDE		UNIT_ENTRY, owned by the function they describe
 */
#include "diff/model.h"

#include <stdlib.h>
#include <string.h>

// A place where a unit may start: a symbol's, or (symbol NULL) one that a relocation refers to.
struct start {
	uint32_t section;
	uint64_t offset;
	struct symbol *symbol;
};

struct splitter {
	struct object *object;
	VEC(struct start) starts;
	VEC(struct unit) units;
};

int64_t reloc_meant_offset(const struct object *object, const struct section *section,
			   const struct reloc *reloc)
{
	uint64_t offset = (uint64_t)reloc->addend;

	if (reloc->symbol->section)
		offset += reloc->symbol->value;
	if (section->flags & SECTION_EXEC && object->arch->pc_bias && section->data)
		offset += (uint64_t)object->arch->pc_bias(section->data + reloc->offset, reloc->offset,
							  reloc->info);
	return (int64_t)offset;
}

// References through a section symbol or a label say only a place; what is there has to be looked up.
static bool means_place(const struct symbol *symbol)
{
	return symbol->kind == SYMBOL_SECTION || symbol_is_label(symbol);
}

static bool is_literals(const struct section *section)
{
	return section->flags & SECTION_MERGE && section->data && !section->reloc_count &&
	       section->role == ROLE_DATA && !(section->flags & SECTION_WRITE);
}

// ---- where units may start -----------------------------------------------------------------------

static int compare_starts(const void *a, const void *b)
{
	const struct start *left = a, *right = b;

	if (left->section != right->section)
		return left->section < right->section ? -1 : 1;
	if (left->offset != right->offset)
		return left->offset < right->offset ? -1 : 1;
	if (!left->symbol || !right->symbol)
		return !left->symbol - !right->symbol;
	return left->symbol->index < right->symbol->index ? -1 : left->symbol->index > right->symbol->index;
}

static void collect_symbol_starts(struct splitter *splitter)
{
	struct object *object = splitter->object;

	for (size_t i = 1; i < object->symbol_count; i++) {
		struct symbol *symbol = &object->symbols[i];

		if (!symbol->section || symbol->kind == SYMBOL_SECTION || symbol->kind == SYMBOL_FILE)
			continue;
		if (symbol_is_mapping(symbol) ||
		    (symbol_is_label(symbol) &&
		     (section_is_code(symbol->section) || symbol->section->role == ROLE_LSDA)))
			continue;
		*vec_push(&splitter->starts) = (struct start){symbol->section->index, symbol->value,
							      symbol_is_label(symbol) ? NULL : symbol};
	}
}

/*
 * Exception tables are cut where .eh_frame says one starts. They refer to places in themselves, from which they count:
 *	.Ltmp: .word .L_ZTIi.DW.stub - .Ltmp
 */
static bool is_within_table(const struct section *from, const struct section *to)
{
	return from == to && to->role == ROLE_LSDA;
}

/*
 * Code without a symbol that a table points to: the instructions that replace those of f on some processors,
 *	f: ...; nop; ... ; <end of f's size>	.subsection 1 of its section (Linux on ARM, asm/alternative.h)
 *	dsb ishst				.altinstructions: f + 0x10 - ., f + 0x40 - .
 */
static bool is_code_of_table(const struct section *from, const struct reloc *reloc)
{
	return !strcmp(from->name, ".altinstructions") && means_place(reloc->symbol) &&
	       section_is_code(reloc->symbol->section);
}

static void collect_reference_starts(struct splitter *splitter)
{
	struct object *object = splitter->object;
	uint32_t last_section = 0;
	uint64_t last_offset = 0;

	for (size_t i = 1; i < object->section_count; i++)
		for (size_t k = 0; k < object->sections[i].reloc_count; k++) {
			const struct reloc *reloc = &object->sections[i].relocs[k];
			const struct section *target = reloc->symbol->section;
			uint64_t offset;

			if (!target ||
			    (section_is_code(target) && !is_code_of_table(&object->sections[i], reloc)) ||
			    is_within_table(&object->sections[i], target) ||
			    (!means_place(reloc->symbol) && !is_literals(target)))
				continue;
			offset = (uint64_t)reloc_meant_offset(object, &object->sections[i], reloc);
			if (offset >= target->size ||
			    (target->index == last_section && offset == last_offset))
				continue;
			last_section = target->index;
			last_offset = offset;
			*vec_push(&splitter->starts) = (struct start){target->index, offset, NULL};
		}
}

// ---- cutting one section -------------------------------------------------------------------------

static void add_unit(struct splitter *splitter, struct section *section, enum unit_kind kind, uint64_t offset,
		     uint64_t size)
{
	*vec_push(&splitter->units) = (struct unit){.kind = kind,
						    .object = splitter->object,
						    .section = section,
						    .offset = offset,
						    .size = size,
						    .name = ""};
	section->unit_count++;
}

static bool has_relocs_between(const struct section *section, uint64_t start, uint64_t end)
{
	size_t low = 0, high = section->reloc_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (section->relocs[middle].offset < start)
			low = middle + 1;
		else
			high = middle;
	}
	return low < section->reloc_count && section->relocs[low].offset < end;
}

static bool is_zero(const uint8_t *data, uint64_t size)
{
	for (uint64_t i = 0; i < size; i++)
		if (data[i])
			return false;
	return true;
}

static bool is_filler(const struct object *object, const struct section *section, uint64_t start,
		      uint64_t end)
{
	uint32_t filler = object->arch->filler;
	uint8_t nop[4] = {(uint8_t)filler, (uint8_t)(filler >> 8), (uint8_t)(filler >> 16),
			  (uint8_t)(filler >> 24)};

	if (!filler || !section->data)
		return true;
	for (uint64_t at = start; at < end; at++)
		if (section->data[at] != nop[at % 4] && section->data[at])
			return false;
	return true;
}

// Bytes between two symbols: alignment, unless they hold something.
static void add_gap(struct splitter *splitter, struct section *section, uint64_t start, uint64_t end)
{
	bool padding;

	if (start >= end)
		return;
	if (section_is_code(section)) // no-operation instructions up to the next function's alignment
		padding = end - start < section->align && is_filler(splitter->object, section, start, end);
	else
		padding = !section->data || is_zero(section->data + start, end - start);
	if (!padding || has_relocs_between(section, start, end))
		add_unit(splitter, section, UNIT_ANONYMOUS, start, end - start);
}

static uint64_t group_size(const struct start *starts, size_t count)
{
	uint64_t size = 0;

	for (size_t i = 0; i < count; i++)
		if (starts[i].symbol && starts[i].symbol->size > size)
			size = starts[i].symbol->size;
	return size;
}

static enum unit_kind named_kind(const struct section *section, const struct start *starts, size_t count)
{
	if (!starts[0].symbol)
		return UNIT_ANONYMOUS;
	if (!section_is_code(section))
		return UNIT_DATUM;
	for (size_t i = 0; i < count && starts[i].symbol; i++)
		if (starts[i].symbol->kind != SYMBOL_OBJECT)
			return UNIT_FUNCTION;
	return UNIT_DATUM;
}

static uint64_t next_start(const struct section *section, const struct start *starts, size_t i, size_t count,
			   bool named)
{
	while (named && i < count && !starts[i].symbol)
		i++;
	return i < count ? starts[i].offset : section->size;
}

/*
 * Named units reach as far as their symbol's size, and symbols inside of one belong to it; a place without
 * size (a label of assembly code, a reference into unnamed data) reaches up to the next one.
 */
static void cut_at_starts(struct splitter *splitter, struct section *section, const struct start *starts,
			  size_t count)
{
	uint64_t end = 0;

	for (size_t i = 0, next; i < count; i = next) {
		uint64_t offset = starts[i].offset, size;
		enum unit_kind kind;

		for (next = i; next < count && starts[next].offset == offset;)
			next++;
		if (offset < end)
			continue;
		add_gap(splitter, section, end, offset);
		size = group_size(&starts[i], next - i);
		kind = named_kind(section, &starts[i], next - i);
		if (!size) // code without a size reaches over what only tables point to
			size = next_start(section, starts, next, count, kind == UNIT_FUNCTION) - offset;
		if (size > section->size - offset)
			size = section->size - offset;
		if (size || kind != UNIT_ANONYMOUS)
			add_unit(splitter, section, kind, offset, size);
		end = offset + size;
	}
	add_gap(splitter, section, end, section->size);
}

static uint64_t string_end(const struct section *section, uint64_t start)
{
	uint64_t unit = section->entry_size;

	if (unit == 1) {
		const uint8_t *end = memchr(section->data + start, 0, section->size - start);

		return end ? (uint64_t)(end - section->data) + 1 : section->size;
	}
	while (section->size - start >= unit && !is_zero(section->data + start, unit))
		start += unit;
	return section->size - start >= unit ? start + unit : section->size;
}

// Strings that something refers to; the linker may merge, move or drop the others.
static void cut_strings(struct splitter *splitter, struct section *section, const struct start *starts,
			size_t count)
{
	uint64_t start = 0, end = 0;

	for (size_t i = 0; i < count; i++) {
		if (starts[i].offset >= section->size || (end && starts[i].offset < end))
			continue;
		do {
			start = end;
			end = string_end(section, start);
		} while (end <= starts[i].offset);
		add_unit(splitter, section, UNIT_LITERAL, start, end - start);
	}
}

static void cut_constants(struct splitter *splitter, struct section *section, const struct start *starts,
			  size_t count)
{
	uint64_t end = 0;

	for (size_t i = 0; i < count; i++) {
		uint64_t start = starts[i].offset / section->entry_size * section->entry_size;

		if (starts[i].offset >= section->size || starts[i].offset < end)
			continue;
		end = section->size - start < section->entry_size ? section->size
								  : start + section->entry_size;
		add_unit(splitter, section, UNIT_LITERAL, start, end - start);
	}
}

static uint32_t read32(const struct object *object, const uint8_t *at)
{
	uint32_t value = 0;

	for (int i = 0; i < 4; i++)
		value = value << 8 | at[object->arch->big_endian ? i : 3 - i];
	return value;
}

// .eh_frame: records of a 32-bit length and that many bytes (Linux Standard Base, "Exception Frames").
// Compilers never write the 64-bit form into it.
static bool cut_unwind(struct splitter *splitter, struct section *section, const char **why)
{
	uint64_t offset = 0;

	while (section->data && section->size - offset >= 4) {
		uint64_t size = 4 + (uint64_t)read32(splitter->object, section->data + offset);

		if (size > section->size - offset) {
			*why = "an entry of .eh_frame reaches outside of it; build the object again";
			return false;
		}
		if (size == 4) // the terminator that crtend.o brings
			return true;
		add_unit(splitter, section, UNIT_ENTRY, offset, size);
		offset += size;
	}
	return true;
}

static bool means_code(const struct reloc *reloc)
{
	return reloc->symbol->section && section_is_code(reloc->symbol->section);
}

/*
 * Relocation I is to the entry at hand what the one PERIOD before is to the entry before. Behind its first field an entry may
 * have functions of other objects where its neighbour has code: arm64's callbacks,
 *	.word 661b - ., alt_cb_patch_nops - .		beside	.word 661b - ., 663f - .
 */
static bool repeats(const struct section *section, size_t i, size_t period, uint64_t size)
{
	const struct reloc *reloc = &section->relocs[i], *before = &section->relocs[i - period];
	bool elsewhere = i % period && (!reloc->symbol->section || !before->symbol->section);

	return reloc->offset == before->offset + size &&
	       (elsewhere || means_code(reloc) == means_code(before));
}

/*
 * Entry size of a table that the machine's file does not give: the smallest distance after which the
 * relocations repeat, e.g. 16 for __jump_table, whose entries have relocations at 0, 4 and 8. Offsets alone do not tell
 * .static_call_sites, with a site in code at 0 and a key in data at 4, from a table of words; what they refer to does.
 * __ex_table has at least instruction and landing, both in code. 0: they do not repeat.
 */
static uint64_t derive_entry_size(const struct section *section)
{
	size_t count = section->reloc_count, least = strcmp(section->name, "__ex_table") ? 1 : 2;

	for (size_t period = least; period <= count && period <= 8; period++) {
		uint64_t size, i;

		if (count % period)
			continue;
		size = section->size / (count / period);
		if (!size || size * (count / period) != section->size)
			continue;
		for (i = period; i < count; i++)
			if (!repeats(section, i, period, size))
				break;
		if (i == count && section->relocs[period - 1].offset < size)
			return size;
	}
	return 0;
}

static void cut_entries(struct splitter *splitter, struct section *section, uint64_t entry)
{
	// An entry without relocation points nowhere; more entries than relocations could only be a hostile
	// file's.
	if (!entry || section->size % entry || section->size / entry > section->reloc_count)
		entry = section->size;
	for (uint64_t offset = 0; offset < section->size; offset += entry)
		add_unit(splitter, section, UNIT_ENTRY, offset, entry);
}

static bool cut_section(struct splitter *splitter, struct section *section, const struct start *starts,
			size_t count, const char **why)
{
	switch (section->role) {
	case ROLE_NOTE:
	case ROLE_DEBUG:
		return true;
	case ROLE_UNWIND:
		return cut_unwind(splitter, section, why);
	case ROLE_SPECIAL:
		if (section->flags & SECTION_EXEC)
			cut_at_starts(splitter, section, starts, count);
		else
			cut_entries(splitter, section,
				    section->special->entry_size ? section->special->entry_size
								 : derive_entry_size(section));
		return true;
	case ROLE_INIT:
		if (section->flags & SECTION_EXEC)
			cut_at_starts(splitter, section, starts, count);
		else
			cut_entries(splitter, section, splitter->object->arch->pointer_size);
		return true;
	default:
		if (is_literals(section) && section->flags & SECTION_STRINGS)
			cut_strings(splitter, section, starts, count);
		else if (is_literals(section))
			cut_constants(splitter, section, starts, count);
		else
			cut_at_starts(splitter, section, starts, count);
		return true;
	}
}

static bool cut_sections(struct splitter *splitter, const char **why)
{
	struct object *object = splitter->object;
	size_t at = 0;

	for (size_t i = 1; i < object->section_count; i++) {
		size_t first = at;

		while (at < splitter->starts.count && splitter->starts.at[at].section == i)
			at++;
		if (!cut_section(splitter, &object->sections[i],
				 splitter->starts.at ? splitter->starts.at + first : NULL, at - first, why))
			return false;
	}
	return true;
}

// The units found, at their final place in the object, with each section's list of its own.
static void place_units(struct splitter *splitter)
{
	struct object *object = splitter->object;
	struct unit *unit;

	object->unit_count = splitter->units.count;
	object->units = arena_array(object->arena, object->unit_count, sizeof(struct unit));
	if (object->unit_count)
		memcpy(object->units, splitter->units.at, object->unit_count * sizeof(struct unit));
	unit = object->units;
	for (size_t i = 1; i < object->section_count; i++) {
		struct section *section = &object->sections[i];

		section->units = arena_array(object->arena, section->unit_count, sizeof(struct unit *));
		for (size_t k = 0; k < section->unit_count; k++)
			section->units[k] = unit++;
	}
}

// ---- symbols and relocations of units ------------------------------------------------------------

// The unit at a place, empty ones and the end of one included: what a reference behind the last byte means.
static struct unit *unit_near(const struct section *section, int64_t offset)
{
	size_t low = 0, high = section->unit_count;

	if (!section->unit_count)
		return NULL;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (offset >= 0 && section->units[middle]->offset <= (uint64_t)offset)
			low = middle + 1;
		else
			high = middle;
	}
	return section->units[low ? low - 1 : 0];
}

static struct unit *unit_of_symbol(const struct symbol *symbol)
{
	const struct section *section = symbol->section;
	struct unit *unit = unit_near(section, (int64_t)symbol->value);

	if (!unit || symbol->value < unit->offset || symbol->value > unit->offset + unit->size)
		return NULL;
	return unit;
}

static unsigned preference(const struct symbol *symbol)
{
	unsigned rank = symbol->binding == BINDING_GLOBAL ? 0 : symbol->binding == BINDING_WEAK ? 1 : 2;

	return rank + (symbol->kind == SYMBOL_NOTYPE ? 4 : 0);
}

static int compare_preference(const void *a, const void *b)
{
	const struct symbol *left = *(struct symbol *const *)a, *right = *(struct symbol *const *)b;

	if (preference(left) != preference(right))
		return preference(left) < preference(right) ? -1 : 1;
	return left->index < right->index ? -1 : left->index > right->index;
}

static bool names_unit(const struct symbol *symbol)
{
	return symbol->unit && symbol->value == symbol->unit->offset && !symbol_is_label(symbol);
}

static void attach_symbols(struct object *object)
{
	for (size_t i = 1; i < object->symbol_count; i++) {
		struct symbol *symbol = &object->symbols[i];

		if (!symbol->section || symbol->kind == SYMBOL_SECTION || symbol->kind == SYMBOL_FILE)
			continue;
		symbol->unit = unit_of_symbol(symbol);
		if (names_unit(symbol))
			symbol->unit->symbol_count++;
	}
	for (size_t i = 0; i < object->unit_count; i++) {
		struct unit *unit = &object->units[i];

		unit->symbols = arena_array(object->arena, unit->symbol_count, sizeof(struct symbol *));
		unit->symbol_count = 0;
	}
	for (size_t i = 1; i < object->symbol_count; i++)
		if (names_unit(&object->symbols[i]))
			object->symbols[i].unit->symbols[object->symbols[i].unit->symbol_count++] =
				&object->symbols[i];
	for (size_t i = 0; i < object->unit_count; i++) {
		struct unit *unit = &object->units[i];

		if (!unit->symbol_count)
			continue;
		qsort(unit->symbols, unit->symbol_count, sizeof(struct symbol *), compare_preference);
		unit->name = unit->symbols[0]->name;
	}
}

static void slice_relocs(struct section *section)
{
	size_t at = 0;

	for (size_t i = 0; i < section->unit_count; i++) {
		struct unit *unit = section->units[i];
		size_t first;

		while (at < section->reloc_count && section->relocs[at].offset < unit->offset)
			at++;
		first = at;
		while (at < section->reloc_count && section->relocs[at].offset - unit->offset < unit->size)
			at++;
		unit->relocs = section->relocs ? section->relocs + first : NULL;
		unit->reloc_count = at - first;
	}
}

static bool may_be_distances(const struct unit *unit)
{
	return (unit->kind == UNIT_ANONYMOUS || unit->kind == UNIT_DATUM) &&
	       !(unit->section->flags & (SECTION_EXEC | SECTION_WRITE)) && unit->section->role == ROLE_DATA;
}

// Does the offset, in a section of data, say where a symbol or a string starts?
static bool is_start(const struct reloc *reloc, int64_t offset)
{
	const struct section *target = reloc->symbol->section;

	if (offset < 0 || (uint64_t)offset > target->size)
		return false;
	if (reloc->symbol->kind != SYMBOL_SECTION)
		return (uint64_t)offset == reloc->symbol->value;
	return !offset || (target->data && !target->data[offset - 1]);
}

/*
 * A table of distances from its own start:
 *	.Ltable: .long .Lcase1 - .Ltable; .long .Lcase2 - .Ltable		`switch` in position-independent code
 *	reltable.f: .long .L.str - reltable.f; ...				Clang, a constant table of strings
 * Each entry becomes a PC-relative relocation whose addend counts from the entry, not from the table. Distances from
 * unnamed data to code are always of that kind; others, when every entry then means the start of something.
 */
static bool is_distance_table(const struct object *object, const struct unit *unit)
{
	if (!may_be_distances(unit))
		return false;
	for (size_t i = 0; i < unit->reloc_count; i++) {
		const struct reloc *reloc = &unit->relocs[i];
		int64_t offset;

		if (reloc->info->kind != RELOC_RELATIVE || !reloc->symbol->section)
			return false;
		if (section_is_code(reloc->symbol->section) && unit->kind == UNIT_ANONYMOUS)
			continue;
		offset = reloc_meant_offset(object, unit->section, reloc);
		if (!is_start(reloc, (int64_t)((uint64_t)offset - (reloc->offset - unit->offset))))
			return false;
	}
	return unit->reloc_count;
}

/*
 * -fpatchable-function-entry=5,2 has two no-operation instructions in front of `f`, and an entry in
 * __patchable_function_entries for the first of them: it means `f`, not the function before, whose end they follow. They
 * are a unit of their own, without a name, where they are longer than any alignment.
 */
static struct unit *function_behind(const struct section *section, int64_t offset, struct unit *unit)
{
	size_t low = 0, high = section->unit_count;

	if (!unit || offset < 0)
		return unit;
	if (unit->kind == UNIT_FUNCTION && (uint64_t)offset >= unit->offset &&
	    (uint64_t)offset - unit->offset < unit->size)
		return unit;
	while (low < high) { // the first unit at OFFSET or behind
		size_t middle = low + (high - low) / 2;

		if (section->units[middle]->offset < (uint64_t)offset)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < section->unit_count && section->units[low]->kind == UNIT_ANONYMOUS)
		low++;
	return low < section->unit_count && section->units[low]->kind == UNIT_FUNCTION ? section->units[low]
										       : unit;
}

static void aim_reloc(struct object *object, const struct section *section, const struct unit *table,
		      struct reloc *reloc)
{
	int64_t offset = reloc_meant_offset(object, section, reloc);

	if (table) // addends are the file's: they may be anything, so numbers wrap around
		offset = (int64_t)((uint64_t)offset - (reloc->offset - table->offset));
	reloc->target_offset = offset;
	if (!reloc->symbol->section)
		return;
	reloc->target =
		means_place(reloc->symbol) ? unit_near(reloc->symbol->section, offset) : reloc->symbol->unit;
	if (section->special && !strcmp(section->name, "__patchable_function_entries") &&
	    means_place(reloc->symbol) && section_is_code(reloc->symbol->section))
		reloc->target = function_behind(reloc->symbol->section, offset, reloc->target);
	if (reloc->target)
		reloc->target_offset = (int64_t)((uint64_t)offset - reloc->target->offset);
}

static void aim_relocs(struct object *object)
{
	for (size_t i = 1; i < object->section_count; i++) {
		struct section *section = &object->sections[i];
		size_t done = 0;

		for (size_t k = 0; k < section->unit_count; k++) {
			const struct unit *unit = section->units[k];
			const struct unit *table = is_distance_table(object, unit) ? unit : NULL;

			for (size_t n = 0; n < unit->reloc_count; n++) {
				struct reloc *reloc = &unit->relocs[n];

				for (; section->relocs + done < reloc; done++)
					aim_reloc(object, section, NULL, &section->relocs[done]);
				aim_reloc(object, section, table, reloc);
				done++;
			}
		}
		for (; done < section->reloc_count; done++)
			aim_reloc(object, section, NULL, &section->relocs[done]);
	}
}

// ---- owners --------------------------------------------------------------------------------------

static bool refers_to(const struct unit *from, const struct unit *to)
{
	for (size_t i = 0; i < from->reloc_count; i++)
		if (from->relocs[i].target == to)
			return true;
	return false;
}

/*
 * GCC moves unlikely blocks of `f` into `f.cold`, which only `f` jumps to (gcc/bb-reorder.cc). The longest
 * base wins: `f.part.0.cold` belongs to `f.part.0`. After `ld -r` several functions may have the name: the
 * one that jumps there is it.
 */
static struct unit *owner_by_name(struct object *object, const struct unit *unit)
{
	const char *cold = strstr(unit->name, ".cold");
	struct unit *only = NULL;
	struct symbol *symbol;
	char *base;

	if (!cold || cold == unit->name || (cold[5] && cold[5] != '.'))
		return NULL;
	base = arena_strndup(object->arena, unit->name, (size_t)(cold - unit->name));
	symbol = object_find(object, base);
	if (symbol && symbol->unit && symbol->unit->kind == UNIT_FUNCTION && symbol->unit != unit) {
		only = symbol->unit;
		if (refers_to(only, unit))
			return only;
	}
	return only;
}

// The function behind a unit of code, with nothing but room without a name between them, or NULL.
static const struct unit *next_function(const struct unit *unit)
{
	const struct unit *end = unit->object->units + unit->object->unit_count, *next = unit + 1;

	while (next < end && next->section == unit->section && next->kind == UNIT_ANONYMOUS)
		next++;
	return next < end && next->section == unit->section && next->kind == UNIT_FUNCTION ? next : NULL;
}

/*
 * -fsanitize=kcfi: the type's number, and what aligns it, right before `f` have a function symbol of their own; between
 * them may be the room of -fpatchable-function-entry:
 *	__cfi_f: nop; ...; mov $0xd14c2e07,%eax
 *	f:
 */
static struct unit *owner_of_preamble(struct object *object, const struct unit *unit)
{
	struct symbol *symbol;

	if (strncmp(unit->name, "__cfi_", 6))
		return NULL;
	symbol = object_find(object, unit->name + 6);
	return symbol && symbol->unit && symbol->unit == next_function(unit) ? symbol->unit : NULL;
}

static struct unit *owner_by_first_reloc(const struct unit *unit)
{
	for (size_t i = 0; i < unit->reloc_count; i++)
		if (unit->relocs[i].target && unit->relocs[i].target->kind == UNIT_FUNCTION)
			return unit->relocs[i].target;
	return NULL;
}

static bool is_entry(const struct unit *unit)
{
	return unit->kind == UNIT_ENTRY && unit->section->role != ROLE_INIT;
}

static struct unit *outermost(struct unit *unit)
{
	return unit->owner && unit->kind == UNIT_FUNCTION ? unit->owner : unit;
}

// What an entry of __patchable_function_entries finds in front of its function belongs to that.
static void own_room_before(const struct unit *entry, struct unit *function)
{
	uint64_t before;
	struct unit *room;

	if (!entry->section->special || !entry->reloc_count || entry->relocs[0].target_offset >= 0)
		return;
	before = 0 - (uint64_t)entry->relocs[0].target_offset;
	room = before > function->offset ? NULL
					 : section_unit_at(function->section, function->offset - before);
	if (room && room->kind == UNIT_ANONYMOUS && room->offset + room->size == function->offset)
		room->owner = function;
}

static void find_owners(struct object *object)
{
	for (size_t i = 0; i < object->unit_count; i++) {
		struct unit *unit = &object->units[i];

		if (unit->kind != UNIT_FUNCTION)
			continue;
		unit->owner = owner_by_name(object, unit);
		if (!unit->owner)
			unit->owner = owner_of_preamble(object, unit);
	}
	// f.cold.cold does not exist; a chain would have to be one.
	for (size_t i = 0; i < object->unit_count; i++)
		if (object->units[i].owner && object->units[i].owner->owner)
			object->units[i].owner = NULL;
	for (size_t i = 0; i < object->unit_count; i++) {
		struct unit *unit = &object->units[i], *function;

		if (!is_entry(unit))
			continue;
		function = owner_by_first_reloc(unit);
		unit->owner = function ? outermost(function) : NULL;
		if (function)
			own_room_before(unit, function);
	}
	// The language-specific data area is named by the unwind entry (Itanium C++ ABI: Exception Handling).
	for (size_t i = 0; i < object->unit_count; i++) {
		struct unit *unit = &object->units[i];

		for (size_t k = 0; unit->owner && is_entry(unit) && k < unit->reloc_count; k++) {
			struct unit *target = unit->relocs[k].target;

			if (!target || target->section->role != ROLE_LSDA)
				continue;
			unit->owner->has_lsda = true;
			target->owner = unit->owner;
		}
	}
}

static void list_parts(struct object *object)
{
	for (size_t i = 0; i < object->unit_count; i++)
		if (object->units[i].owner)
			object->units[i].owner->part_count++;
	for (size_t i = 0; i < object->unit_count; i++) {
		struct unit *unit = &object->units[i];

		unit->parts = arena_array(object->arena, unit->part_count, sizeof(struct unit *));
		unit->part_count = 0;
	}
	for (int entries = 0; entries < 2; entries++)
		for (size_t i = 0; i < object->unit_count; i++) {
			struct unit *unit = &object->units[i];

			if (unit->owner && (unit->kind != UNIT_FUNCTION) == entries)
				unit->owner->parts[unit->owner->part_count++] = unit;
		}
}

// ---- facts about functions -----------------------------------------------------------------------

static bool is_branch(const struct section *section, const struct reloc *reloc)
{
	const uint8_t *field = section->data + reloc->offset;

	if (reloc->info->kind == RELOC_CALL)
		return true;
	if (section->flags & SECTION_EXEC && reloc->info->kind == RELOC_RELATIVE && reloc->info->size <= 4)
		// x86: call, jmp, jcc; assemblers before binutils 2.31 wrote them with R_X86_64_PC32
		return (reloc->offset >= 1 && (field[-1] == 0xe8 || field[-1] == 0xe9)) ||
		       (reloc->offset >= 2 && field[-2] == 0x0f && (field[-1] & 0xf0) == 0x80);
	return false;
}

static void find_taken_addresses(struct object *object)
{
	for (size_t i = 1; i < object->section_count; i++) {
		const struct section *section = &object->sections[i];

		if (section->role == ROLE_UNWIND || section->role == ROLE_SPECIAL ||
		    section->role == ROLE_DEBUG)
			continue;
		for (size_t k = 0; k < section->reloc_count; k++) {
			const struct reloc *reloc = &section->relocs[k];

			if (reloc->target && reloc->target_offset == 0 && !is_branch(section, reloc))
				reloc->target->address_taken = true;
		}
	}
}

static void find_function_sections(struct object *object)
{
	object->function_sections = true;
	for (size_t i = 1; i < object->section_count; i++) {
		size_t functions = 0;

		for (size_t k = 0; k < object->sections[i].unit_count; k++)
			functions += object->sections[i].units[k]->kind == UNIT_FUNCTION;
		if (functions > 1)
			object->function_sections = false;
	}
}

bool object_split(struct object *object, const char **why)
{
	struct splitter splitter = {.object = object};
	bool done;

	collect_symbol_starts(&splitter);
	collect_reference_starts(&splitter);
	if (splitter.starts.count)
		qsort(splitter.starts.at, splitter.starts.count, sizeof(struct start), compare_starts);
	done = cut_sections(&splitter, why);
	if (done) {
		place_units(&splitter);
		attach_symbols(object);
		for (size_t i = 1; i < object->section_count; i++)
			slice_relocs(&object->sections[i]);
		recover_references(object);
		for (size_t i = 1; i < object->section_count; i++)
			slice_relocs(&object->sections[i]);
		aim_relocs(object);
		find_owners(object);
		list_parts(object);
		find_taken_addresses(object);
		find_function_sections(object);
		find_data_facts(object);
	}
	free(splitter.starts.at);
	free(splitter.units.at);
	return done;
}
