// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What little is wanted of .debug_info: which functions and variables are declared where, and what is inlined
 * at an offset. The first question walks the top level of the tree (skipping every subtree by DW_AT_sibling);
 * the inside of a function is read when something in it is asked for. Attribute and form numbers: DWARF 5,
 * section 7.5.
 */
#include "diff/debug-info.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX       512   // of nested blocks in one function
#define QUESTION_BUDGET 20000 // ranges read for one question
#define ORIGIN_MAX      8     // hops from an inlined copy to the declaration that has the name

// ---- abbreviations and forms ----------------------------------------------------------------------

static void read_abbreviations(struct debug *debug, struct unit_header *unit, uint64_t offset)
{
	const struct debug_section *section = &unit->sections[DEBUG_ABBREV];
	struct cursor cursor;

	unit->abbreviations = intmap_new();
	if (!section->data || offset > section->size)
		return;
	cursor = cursor_at(section->data, section->size, offset, debug->big_endian);
	for (;;) {
		struct abbreviation abbreviation;
		uint64_t code = cursor_uleb(&cursor), name, form;

		if (!code || cursor.bad || !debug->budget)
			return;
		debug->budget--;
		abbreviation.tag = cursor_uleb(&cursor);
		abbreviation.children = cursor_number(&cursor, 1) == DW_CHILDREN_yes;
		abbreviation.attributes = cursor.at;
		do {
			name = cursor_uleb(&cursor);
			form = cursor_uleb(&cursor);
			if (form == DW_FORM_implicit_const)
				cursor_sleb(&cursor);
		} while ((name || form) && !cursor.bad);
		*vec_push(&unit->list) = abbreviation;
		*intmap_put(unit->abbreviations, code) = (void *)unit->list.count;
	}
}

struct value {
	uint64_t number;
	size_t at; // of the field, for its relocation; of the contents, for blocks
	uint64_t form;
};

// Reads, or steps over, one attribute's value.
static struct value read_form(struct cursor *cursor, const struct unit_header *unit, uint64_t form)
{
	struct value value = {.at = cursor->at, .form = form};

	for (unsigned hops = 0; form == DW_FORM_indirect && hops < 4; hops++) {
		form = value.form = cursor_uleb(cursor);
		value.at = cursor->at;
	}
	switch (form) {
	case DW_FORM_addr:
		value.number = cursor_number(cursor, unit->address_size);
		break;
	case DW_FORM_data1:
	case DW_FORM_ref1:
	case DW_FORM_flag:
	case DW_FORM_strx1:
	case DW_FORM_addrx1:
		value.number = cursor_number(cursor, 1);
		break;
	case DW_FORM_data2:
	case DW_FORM_ref2:
	case DW_FORM_strx2:
	case DW_FORM_addrx2:
		value.number = cursor_number(cursor, 2);
		break;
	case DW_FORM_strx3:
	case DW_FORM_addrx3:
		value.number = cursor_number(cursor, 3);
		break;
	case DW_FORM_data4:
	case DW_FORM_ref4:
	case DW_FORM_strx4:
	case DW_FORM_addrx4:
	case DW_FORM_ref_sup4:
		value.number = cursor_number(cursor, 4);
		break;
	case DW_FORM_data8:
	case DW_FORM_ref8:
	case DW_FORM_ref_sig8:
	case DW_FORM_ref_sup8:
		value.number = cursor_number(cursor, 8);
		break;
	case DW_FORM_data16:
		cursor_skip(cursor, 16);
		break;
	case DW_FORM_sdata:
		value.number = (uint64_t)cursor_sleb(cursor);
		break;
	case DW_FORM_udata:
	case DW_FORM_ref_udata:
	case DW_FORM_strx:
	case DW_FORM_addrx:
	case DW_FORM_loclistx:
	case DW_FORM_rnglistx:
	case DW_FORM_GNU_str_index:
	case DW_FORM_GNU_addr_index:
		value.number = cursor_uleb(cursor);
		break;
	case DW_FORM_strp:
	case DW_FORM_line_strp:
	case DW_FORM_sec_offset:
	case DW_FORM_strp_sup:
	case DW_FORM_GNU_ref_alt:
	case DW_FORM_GNU_strp_alt:
		value.number = cursor_number(cursor, unit->offset_size);
		break;
	case DW_FORM_ref_addr:
		value.number =
			cursor_number(cursor, unit->version == 2 ? unit->address_size : unit->offset_size);
		break;
	case DW_FORM_string:
		cursor_text(cursor);
		break;
	case DW_FORM_flag_present:
		value.number = 1;
		break;
	case DW_FORM_implicit_const:
		break; // the value is in the abbreviation
	case DW_FORM_block1:
	case DW_FORM_block2:
	case DW_FORM_block4:
	case DW_FORM_block:
	case DW_FORM_exprloc:
		value.number = form == DW_FORM_block1   ? cursor_number(cursor, 1)
			       : form == DW_FORM_block2 ? cursor_number(cursor, 2)
			       : form == DW_FORM_block4 ? cursor_number(cursor, 4)
							: cursor_uleb(cursor);
		value.at = cursor->at;
		cursor_skip(cursor, value.number);
		break;
	default:
		cursor->bad = true; // its length is unknown: nothing behind it can be read
	}
	return value;
}

// ---- values ---------------------------------------------------------------------------------------

static const char *value_text(const struct object *object, const struct unit_header *unit,
			      const struct value *value)
{
	const struct debug_section *info = &unit->sections[DEBUG_INFO], *texts = &unit->sections[DEBUG_STR];
	const struct debug_section *offsets = &unit->sections[DEBUG_STR_OFFSETS];
	struct cursor cursor;
	size_t at;

	switch (value->form) {
	case DW_FORM_string:
		return debug_text(info, value->at);
	case DW_FORM_strp:
		return debug_text(texts, debug_offset(object, info, value->at, value->number));
	case DW_FORM_line_strp:
		return debug_text(&unit->sections[DEBUG_LINE_STR],
				  debug_offset(object, info, value->at, value->number));
	case DW_FORM_strx:
	case DW_FORM_strx1:
	case DW_FORM_strx2:
	case DW_FORM_strx3:
	case DW_FORM_strx4:
	case DW_FORM_GNU_str_index:
		if (!offsets->data || value->number > offsets->size)
			return NULL;
		at = unit->str_offsets_base + value->number * unit->offset_size;
		cursor = cursor_at(offsets->data, offsets->size, at, object->debug->big_endian);
		return debug_text(
			texts, debug_offset(object, offsets, at, cursor_number(&cursor, unit->offset_size)));
	default:
		return NULL;
	}
}

static struct place indexed_address(const struct object *object, const struct unit_header *unit,
				    uint64_t index)
{
	const struct debug_section *section = &object->debug->sections[DEBUG_ADDR];
	struct cursor cursor;
	size_t at;

	if (!section->data || index > section->size)
		return (struct place){0};
	at = unit->addr_base + index * unit->address_size;
	cursor = cursor_at(section->data, section->size, at, object->debug->big_endian);
	return debug_address(object, section, at, cursor_number(&cursor, unit->address_size));
}

static bool is_address(uint64_t form)
{
	return form == DW_FORM_addr || form == DW_FORM_addrx || form == DW_FORM_GNU_addr_index ||
	       (form >= DW_FORM_addrx1 && form <= DW_FORM_addrx4);
}

static struct place value_address(const struct object *object, const struct unit_header *unit,
				  const struct value *value)
{
	if (value->form == DW_FORM_addr)
		return debug_address(object, &unit->sections[DEBUG_INFO], value->at, value->number);
	return indexed_address(object, unit, value->number);
}

static size_t value_reference(const struct object *object, const struct unit_header *unit,
			      const struct value *value)
{
	switch (value->form) {
	case DW_FORM_ref1:
	case DW_FORM_ref2:
	case DW_FORM_ref4:
	case DW_FORM_ref8:
	case DW_FORM_ref_udata:
		return value->number < unit->end - unit->start ? unit->start + value->number : 0;
	case DW_FORM_ref_addr:
		return debug_offset(object, &unit->sections[DEBUG_INFO], value->at, value->number);
	default:
		return 0;
	}
}

/*
 * DW_OP_addr X or DW_OP_addrx N, and nothing more: a variable with a fixed place. But for a distance: Clang puts statics together
 * at -O3 (.L_MergedGlobals), and describes each as DW_OP_addrx 0; DW_OP_plus_uconst 8.
 */
static struct place value_location(const struct object *object, const struct unit_header *unit,
				   const struct value *value)
{
	const struct debug_section *info = &unit->sections[DEBUG_INFO];
	uint64_t end = value->at + value->number;
	struct place place = {0};
	struct cursor cursor;
	uint8_t operation;

	if ((value->form != DW_FORM_exprloc && value->form != DW_FORM_block1) || value->number < 2)
		return (struct place){0};
	cursor = cursor_at(info->data, end, value->at, object->debug->big_endian);
	operation = (uint8_t)cursor_number(&cursor, 1);
	if (operation == DW_OP_addr && value->number >= 1u + unit->address_size) {
		place = debug_address(object, info, cursor.at, 0);
		cursor.at += unit->address_size;
	} else if (operation == DW_OP_addrx || operation == DW_OP_GNU_addr_index) {
		place = indexed_address(object, unit, cursor_uleb(&cursor));
	}
	if (place.section && cursor.at < end && cursor_number(&cursor, 1) == DW_OP_plus_uconst)
		place.offset += cursor_uleb(&cursor);
	return cursor.at == end ? place : (struct place){0};
}

// A number, or (DWARF 2) DW_OP_plus_uconst N.
static uint64_t value_member_offset(const struct object *object, const struct unit_header *unit,
				    const struct value *value)
{
	const struct debug_section *info = &unit->sections[DEBUG_INFO];
	struct cursor cursor;

	if (value->form != DW_FORM_block1 && value->form != DW_FORM_exprloc)
		return value->number;
	cursor = cursor_at(info->data, value->at + value->number, value->at, object->debug->big_endian);
	return cursor_number(&cursor, 1) == DW_OP_plus_uconst ? cursor_uleb(&cursor) : 0;
}

// ---- entries --------------------------------------------------------------------------------------

static void take_attribute(const struct object *object, const struct unit_header *unit, struct entry *entry,
			   uint64_t attribute, const struct value *value)
{
	const struct debug_section *info = &unit->sections[DEBUG_INFO];

	switch (attribute) {
	case DW_AT_sibling:
		entry->sibling = value_reference(object, unit, value);
		break;
	case DW_AT_name:
		entry->name = value_text(object, unit, value);
		if (entry->name && text_has_controls(entry->name))
			entry->name = NULL;
		break;
	case DW_AT_comp_dir:
		entry->compile_dir = value_text(object, unit, value);
		break;
	case DW_AT_dwo_name:
	case DW_AT_GNU_dwo_name:
		entry->split_name = value_text(object, unit, value);
		break;
	case DW_AT_GNU_dwo_id:
		entry->split_id = value->number;
		entry->has_split_id = true;
		break;
	case DW_AT_low_pc:
		entry->low = value_address(object, unit, value);
		entry->has_low = true;
		break;
	case DW_AT_high_pc:
		entry->has_high = true;
		entry->high_is_size = !is_address(value->form);
		entry->high = entry->high_is_size ? debug_distance(object, info, value->at, value->number)
						  : value_address(object, unit, value).offset;
		break;
	case DW_AT_ranges:
		entry->has_ranges = true;
		if (value->form != DW_FORM_rnglistx) {
			entry->ranges =
				unit->ranges_base + debug_offset(object, info, value->at, value->number);
		} else {
			const struct debug_section *lists = &unit->sections[DEBUG_RNGLISTS];
			struct cursor cursor =
				cursor_at(lists->data, lists->size,
					  unit->rnglists_base + value->number * unit->offset_size,
					  object->debug->big_endian);

			entry->ranges = unit->rnglists_base + cursor_number(&cursor, unit->offset_size);
		}
		break;
	case DW_AT_abstract_origin:
	case DW_AT_specification:
		entry->origin = value_reference(object, unit, value);
		break;
	case DW_AT_decl_file:
		entry->decl_file = value->number;
		break;
	case DW_AT_decl_line:
		entry->decl_line = value->number;
		break;
	case DW_AT_call_line:
		entry->call_line = value->number;
		break;
	case DW_AT_declaration:
		entry->declaration = value->number;
		break;
	case DW_AT_prototyped:
		entry->prototyped = value->number != 0;
		break;
	case DW_AT_location:
		entry->location = value_location(object, unit, value);
		break;
	case DW_AT_type:
		entry->type = value_reference(object, unit, value);
		break;
	case DW_AT_byte_size:
		entry->byte_size = value->number;
		entry->has_size = true;
		break;
	case DW_AT_encoding:
		entry->encoding = value->number;
		break;
	case DW_AT_data_member_location:
		entry->member_offset = value_member_offset(object, unit, value);
		entry->has_member_offset = true;
		break;
	case DW_AT_data_bit_offset:
		entry->member_offset = value->number / 8;
		entry->bit_at = value->number % 8;
		entry->has_member_offset = true;
		break;
	case DW_AT_bit_offset: // before DWARF 4: from the other end of the storage unit
		entry->bit_at = value->number;
		break;
	case DW_AT_bit_size:
		entry->bit_size = value->number;
		break;
	case DW_AT_upper_bound:
	case DW_AT_count:
		if (value->form != DW_FORM_exprloc && value->number < UINT32_MAX) {
			entry->count = value->number + (attribute == DW_AT_upper_bound);
			entry->has_count = true;
		}
		break;
	case DW_AT_stmt_list:
		entry->line_offset = debug_offset(object, info, value->at, value->number);
		break;
	default:
		break;
	}
}

// The bases must be known before indexed forms of the same entry are read, wherever they stand in it.
static void take_base(const struct object *object, struct unit_header *unit, uint64_t attribute,
		      const struct value *value)
{
	uint64_t *base = attribute == DW_AT_str_offsets_base  ? &unit->str_offsets_base
			 : attribute == DW_AT_addr_base       ? &unit->addr_base
			 : attribute == DW_AT_GNU_addr_base   ? &unit->addr_base
			 : attribute == DW_AT_rnglists_base   ? &unit->rnglists_base
			 : attribute == DW_AT_GNU_ranges_base ? &unit->split_ranges_base
							      : NULL;

	if (base)
		*base = debug_offset(object, &unit->sections[DEBUG_INFO], value->at, value->number);
}

bool entry_read(const struct object *object, struct unit_header *unit, size_t at, struct entry *entry,
		struct unit_header *bases)
{
	const struct debug *debug = object->debug;
	const struct debug_section *info = &unit->sections[DEBUG_INFO];
	struct cursor cursor = cursor_at(info->data, unit->end, at, debug->big_endian), list;
	const struct abbreviation *abbreviation;
	uint64_t code = cursor_uleb(&cursor);
	size_t index;

	memset(entry, 0, sizeof(*entry));
	entry->next = cursor.at;
	if (cursor.bad)
		return false;
	if (!code)
		return true;
	index = (size_t)intmap_get(unit->abbreviations, code);
	if (!index)
		return false;
	abbreviation = &unit->list.at[index - 1];
	entry->tag = abbreviation->tag;
	entry->children = abbreviation->children;
	list = cursor_at(unit->sections[DEBUG_ABBREV].data, unit->sections[DEBUG_ABBREV].size,
			 abbreviation->attributes, debug->big_endian);
	for (;;) {
		uint64_t attribute = cursor_uleb(&list), form = cursor_uleb(&list);
		struct value value;

		if (list.bad || (!attribute && !form))
			break;
		value = read_form(&cursor, unit, form);
		if (form == DW_FORM_implicit_const)
			value.number = (uint64_t)cursor_sleb(&list);
		if (cursor.bad)
			return false;
		if (bases)
			take_base(object, bases, attribute, &value);
		else
			take_attribute(object, unit, entry, attribute, &value);
	}
	entry->next = cursor.at;
	return true;
}

size_t entry_behind(const struct object *object, struct unit_header *unit, const struct entry *entry)
{
	size_t at = entry->next;
	size_t depth = 1;

	if (!entry->children)
		return at;
	if (entry->sibling >= entry->next && entry->sibling <= unit->end)
		return entry->sibling;
	while (depth) {
		struct entry inner;

		if (!entry_read(object, unit, at, &inner, NULL))
			return 0;
		at = inner.next;
		if (!inner.tag)
			depth--;
		else if (inner.children && inner.sibling >= inner.next && inner.sibling <= unit->end)
			at = inner.sibling;
		else if (inner.children)
			depth++;
	}
	return at;
}

// ---- ranges ---------------------------------------------------------------------------------------

bool debug_spend(const struct object *object, uint64_t steps)
{
	if (object->debug->budget < steps) {
		object->debug->budget = 0;
		return false;
	}
	object->debug->budget -= steps;
	return true;
}

typedef bool take_range(void *arg, uint32_t section, uint64_t low, uint64_t high);

// DWARF 5: .debug_rnglists
static void walk_rnglist(const struct object *object, const struct unit_header *unit, uint64_t offset,
			 take_range *take, void *arg)
{
	const struct debug_section *section = &unit->sections[DEBUG_RNGLISTS];
	struct cursor cursor = cursor_at(section->data, section->size, offset, object->debug->big_endian);
	struct place base = unit->low, start;

	while (!cursor.bad && debug_spend(object, 1)) {
		uint8_t kind = (uint8_t)cursor_number(&cursor, 1);
		size_t at = cursor.at;
		uint64_t end;

		switch (cursor.bad ? DW_RLE_end_of_list : kind) {
		case DW_RLE_base_addressx:
			base = indexed_address(object, unit, cursor_uleb(&cursor));
			continue;
		case DW_RLE_startx_endx:
			start = indexed_address(object, unit, cursor_uleb(&cursor));
			end = indexed_address(object, unit, cursor_uleb(&cursor)).offset;
			break;
		case DW_RLE_startx_length:
			start = indexed_address(object, unit, cursor_uleb(&cursor));
			end = start.offset + cursor_uleb(&cursor);
			break;
		case DW_RLE_offset_pair:
			start = base;
			start.offset += cursor_uleb(&cursor);
			end = base.offset + cursor_uleb(&cursor);
			break;
		case DW_RLE_base_address:
			base = debug_address(object, section, at, cursor_number(&cursor, unit->address_size));
			continue;
		case DW_RLE_start_end:
			start = debug_address(object, section, at,
					      cursor_number(&cursor, unit->address_size));
			at = cursor.at;
			end = debug_address(object, section, at, cursor_number(&cursor, unit->address_size))
				      .offset;
			break;
		case DW_RLE_start_length:
			start = debug_address(object, section, at,
					      cursor_number(&cursor, unit->address_size));
			end = start.offset + cursor_uleb(&cursor);
			break;
		default:
			return;
		}
		if (!cursor.bad && !take(arg, start.section, start.offset, end))
			return;
	}
}

// Before DWARF 5: .debug_ranges, pairs of addresses relative to a base.
static void walk_old_ranges(const struct object *object, const struct unit_header *unit, uint64_t offset,
			    take_range *take, void *arg)
{
	const struct debug_section *section = &object->debug->sections[DEBUG_RANGES];
	struct cursor cursor = cursor_at(section->data, section->size, offset, object->debug->big_endian);
	uint64_t largest = unit->address_size == 8 ? UINT64_MAX : UINT32_MAX;
	struct place base = unit->low;

	for (;;) {
		size_t at = cursor.at;
		uint64_t stored = cursor_number(&cursor, unit->address_size), end;
		struct place start, stop;

		start = debug_address(object, section, at, stored);
		at = cursor.at;
		end = cursor_number(&cursor, unit->address_size);
		stop = debug_address(object, section, at, end);
		if (cursor.bad || !debug_spend(object, 1) ||
		    (!start.section && !start.offset && !stop.section && !stop.offset))
			return;
		if (!start.section && stored == largest) {
			base = stop;
			continue;
		}
		if (!start.section) {
			start = (struct place){.section = base.section, .offset = base.offset + start.offset};
			stop.offset += base.offset;
		}
		if (!take(arg, start.section, start.offset, stop.offset))
			return;
	}
}

static void walk_ranges(const struct object *object, const struct unit_header *unit,
			const struct entry *entry, take_range *take, void *arg)
{
	if (entry->has_ranges && unit->version >= 5)
		walk_rnglist(object, unit, entry->ranges, take, arg);
	else if (entry->has_ranges)
		walk_old_ranges(object, unit, entry->ranges, take, arg);
	else if (entry->has_low)
		take(arg, entry->low.section, entry->low.offset,
		     entry->high_is_size ? entry->low.offset + entry->high
		     : entry->has_high   ? entry->high
					 : entry->low.offset + 1);
}

// ---- the index ------------------------------------------------------------------------------------

struct collector {
	struct info_index *index;
	uint32_t unit;
	size_t entry;
};

static bool collect_range(void *arg, uint32_t section, uint64_t low, uint64_t high)
{
	struct collector *collector = arg;

	if (section && low < high)
		*vec_push(&collector->index->subjects) = (struct subject){.section = section,
									  .unit = collector->unit,
									  .low = low,
									  .high = high,
									  .entry = collector->entry};
	return true;
}

bool entry_is_scope(uint64_t tag)
{
	return tag == DW_TAG_compile_unit || tag == DW_TAG_type_unit || tag == DW_TAG_namespace ||
	       tag == DW_TAG_module || tag == DW_TAG_partial_unit;
}

static void index_unit(struct object *object, struct info_index *index, uint32_t number)
{
	struct unit_header *unit = &index->units.at[number];
	size_t at = unit->first;
	struct entry entry;

	while (at && at < unit->end && entry_read(object, unit, at, &entry, NULL)) {
		struct collector collector = {.index = index, .unit = number, .entry = at};

		if (entry.tag == DW_TAG_subprogram)
			walk_ranges(object, unit, &entry, collect_range, &collector);
		else if (entry.tag == DW_TAG_variable && entry.location.section)
			collect_range(&collector, entry.location.section, entry.location.offset,
				      entry.location.offset + 1);
		at = entry_is_scope(entry.tag) || !entry.tag ? entry.next
							     : entry_behind(object, unit, &entry);
	}
}

// Before DWARF 5 both parts of -gsplit-dwarf are told by this attribute (the GCC wiki's DebugFission page).
static void take_old_split(const struct debug *debug, struct unit_header *unit, const struct entry *entry)
{
	if (unit->version >= 5 || !entry->has_split_id)
		return;
	unit->kind = unit->sections == debug->sections ? DW_UT_skeleton : DW_UT_split_compile;
	unit->split_id = entry->split_id;
}

bool unit_read(struct object *object, const struct debug_section *sections, size_t at,
	       struct unit_header *unit, size_t *next)
{
	struct debug *debug = object->debug;
	const struct debug_section *info = &sections[DEBUG_INFO];
	struct cursor cursor = cursor_at(info->data, info->size, at, debug->big_endian);
	uint64_t length, abbreviations;
	struct entry entry;
	size_t field;

	unit->sections = sections;
	unit->start = at;
	unit->offset_size = 4;
	length = cursor_number(&cursor, 4);
	if (length == UINT32_MAX) {
		unit->offset_size = 8;
		length = cursor_number(&cursor, 8);
	}
	if (cursor.bad || length > info->size - cursor.at)
		return false;
	*next = unit->end = cursor.at + length;
	cursor.size = unit->end;
	unit->kind = DW_UT_compile;
	unit->version = (unsigned)cursor_number(&cursor, 2);
	if (unit->version < 2 || unit->version > 5)
		return true;
	if (unit->version == 5) {
		unit->kind = (unsigned)cursor_number(&cursor, 1);
		unit->address_size = (unsigned)cursor_number(&cursor, 1);
	}
	field = cursor.at;
	abbreviations = debug_offset(object, info, field, cursor_number(&cursor, unit->offset_size));
	if (unit->version < 5)
		unit->address_size = (unsigned)cursor_number(&cursor, 1);
	if (unit->kind == DW_UT_skeleton || unit->kind == DW_UT_split_compile)
		unit->split_id = cursor_number(&cursor, 8);
	else if (unit->kind == DW_UT_type)
		cursor_skip(&cursor, 8 + unit->offset_size); // signature, offset of the type
	if (cursor.bad || (unit->address_size != 8 && unit->address_size != 4))
		return true;
	read_abbreviations(debug, unit, abbreviations);
	if (unit->version == 5) {
		// defaults of 7.26, 7.27: behind the header of the only table
		unit->str_offsets_base = unit->addr_base = 8;
		unit->rnglists_base = 12;
	}
	if (!entry_read(object, unit, cursor.at, &entry, unit) ||
	    !entry_read(object, unit, cursor.at, &entry, NULL))
		return true;
	unit->first = cursor.at;
	unit->low = entry.low;
	unit->line_offset = entry.line_offset;
	unit->compile_dir = entry.compile_dir;
	unit->split_name = entry.split_name;
	take_old_split(debug, unit, &entry);
	return true;
}

static int compare_subjects(const void *left, const void *right)
{
	const struct subject *a = left, *b = right;

	if (a->section != b->section)
		return a->section < b->section ? -1 : 1;
	if (a->low != b->low)
		return a->low < b->low ? -1 : 1;
	return (a->entry > b->entry) - (a->entry < b->entry);
}

void unit_release(struct unit_header *unit)
{
	intmap_free(unit->abbreviations);
	free(unit->list.at);
}

// -gsplit-dwarf leaves a skeleton in the object, with addresses and lines; the entries are in another file.
static void join_split(struct object *object, struct info_index *index, uint32_t number)
{
	struct unit_header *skeleton = &index->units.at[number], unit;

	if (skeleton->kind != DW_UT_skeleton || !split_find(object, skeleton, &unit))
		return;
	unit.addr_base = skeleton->addr_base;
	unit.ranges_base = skeleton->split_ranges_base;
	unit.line_offset = skeleton->line_offset;
	unit.low = skeleton->low;
	unit.compile_dir = skeleton->compile_dir;
	unit_release(skeleton);
	*skeleton = unit;
}

struct info_index *info_of(struct object *object)
{
	struct debug *debug = debug_open(object);
	struct info_index *index = debug->info;
	size_t at = 0;

	if (index)
		return index;
	index = debug->info = xalloc(sizeof(*index));
	memset(index, 0, sizeof(*index));
	while (at < debug->sections[DEBUG_INFO].size) {
		struct unit_header unit = {0};
		size_t next;
		bool more = unit_read(object, debug->sections, at, &unit, &next);

		*vec_push(&index->units) = unit;
		if (!more)
			break;
		join_split(object, index, (uint32_t)(index->units.count - 1));
		index_unit(object, index, (uint32_t)(index->units.count - 1));
		at = next;
	}
	if (index->subjects.count)
		qsort(index->subjects.at, index->subjects.count, sizeof(struct subject), compare_subjects);
	return index;
}

void info_index_free(struct info_index *index)
{
	if (!index)
		return;
	for (size_t i = 0; i < index->units.count; i++)
		unit_release(&index->units.at[i]);
	type_index_free(index->types);
	static_index_free(index->statics);
	free(index->units.at);
	free(index->subjects.at);
	free(index);
}

// The last subject that starts at or before the place, when it reaches over it.
static const struct subject *find_subject(const struct info_index *index, uint32_t section, uint64_t offset)
{
	size_t low = 0, high = index->subjects.count;
	const struct subject *subject;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct subject *probe = &index->subjects.at[middle];

		if (probe->section < section || (probe->section == section && probe->low <= offset))
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return NULL;
	subject = &index->subjects.at[low - 1];
	return subject->section == section && offset < subject->high ? subject : NULL;
}

// ---- questions ------------------------------------------------------------------------------------

const char *object_compile_dir(struct object *object)
{
	const struct debug *debug = debug_open(object);
	size_t at = 0;

	// the first unit has it, unless type units stand before it
	while (!object->compile_dir && at < debug->sections[DEBUG_INFO].size) {
		struct unit_header unit = {0};
		size_t next;
		bool more = unit_read(object, debug->sections, at, &unit, &next);

		object->compile_dir = unit.compile_dir;
		unit_release(&unit);
		if (!more || unit.kind != DW_UT_type)
			break;
		at = next;
	}
	return object->compile_dir;
}

const struct subject *subject_at(struct object *object, const struct section *section, uint64_t offset)
{
	return find_subject(info_of(object), section->index, offset);
}

bool entry_has(const struct entry *entry, enum entry_part part)
{
	return part == ENTRY_NAME ? entry->name != NULL : part == ENTRY_TYPE ? entry->type : entry->decl_line;
}

bool entry_follow(struct object *object, struct unit_header *unit, size_t at, enum entry_part part,
		  struct entry *entry)
{
	for (unsigned hops = 0; hops < ORIGIN_MAX; hops++) {
		if (at < unit->first || at >= unit->end || !entry_read(object, unit, at, entry, NULL))
			return false;
		if (entry_has(entry, part))
			return true;
		at = entry->origin;
	}
	return false;
}

bool debug_declared(struct object *object, const struct section *section, uint64_t offset, const char **file,
		    unsigned *line)
{
	struct info_index *index = info_of(object);
	const struct subject *subject = find_subject(index, section->index, offset);
	struct unit_header *unit;
	struct entry entry;

	if (!subject)
		return false;
	unit = &index->units.at[subject->unit];
	if (!entry_follow(object, unit, subject->entry, ENTRY_LINE, &entry))
		return false;
	*line = (unsigned)entry.decl_line;
	*file = debug_file(object, unit->line_offset, entry.decl_file ? entry.decl_file : 1);
	return *file != NULL;
}

struct question {
	uint32_t section;
	uint64_t offset;
	bool inside;
};

static bool ask_range(void *arg, uint32_t section, uint64_t low, uint64_t high)
{
	struct question *question = arg;

	question->inside |=
		section == question->section && question->offset >= low && question->offset < high;
	return !question->inside;
}

struct inlined { // one call that was inlined
	const char *name;
	uint64_t line;
};

// The calls inlined around a place, outermost first; CHAIN has room for DEPTH_MAX.
static size_t find_inlined(struct object *object, const struct section *section, uint64_t offset,
			   struct inlined *chain)
{
	struct info_index *index = info_of(object);
	const struct subject *subject = find_subject(index, section->index, offset);
	size_t depth = 0, at, end;
	uint64_t budget;
	struct unit_header *unit;
	struct entry entry;

	if (!subject)
		return 0;
	unit = &index->units.at[subject->unit];
	if (!entry_read(object, unit, subject->entry, &entry, NULL) || !entry.children)
		return 0;
	end = entry_behind(object, unit, &entry);
	budget = object->debug->budget;
	object->debug->budget = QUESTION_BUDGET;
	for (at = entry.next; at && at < end && depth < DEPTH_MAX;) {
		struct question question = {.section = section->index, .offset = offset};
		bool scope;

		if (!entry_read(object, unit, at, &entry, NULL) || !entry.tag)
			break;
		scope = entry.tag == DW_TAG_inlined_subroutine || entry.tag == DW_TAG_lexical_block;
		if (scope)
			walk_ranges(object, unit, &entry, ask_range, &question);
		if (!question.inside) {
			at = entry_behind(object, unit, &entry);
			continue;
		}
		at = entry.children ? entry.next : 0;
		if (entry.tag == DW_TAG_inlined_subroutine) {
			struct entry origin;

			chain[depth].line = entry.call_line;
			chain[depth++].name = entry_follow(object, unit, entry.origin, ENTRY_NAME, &origin)
						      ? origin.name
						      : "?";
		}
	}
	object->debug->budget = budget;
	return depth;
}

size_t debug_inlined(struct object *object, const struct section *section, uint64_t offset,
		     const char **names, size_t max)
{
	struct inlined chain[DEPTH_MAX];
	size_t depth = find_inlined(object, section, offset, chain), count = 0;

	while (depth && count < max)
		names[count++] = chain[--depth].name;
	return count;
}

bool debug_called_from(struct object *object, const struct section *section, uint64_t offset, uint64_t line)
{
	struct inlined chain[DEPTH_MAX];
	size_t depth = find_inlined(object, section, offset, chain);

	while (depth--)
		if (chain[depth].line == line)
			return true;
	return false;
}

bool debug_has_units(struct object *object)
{
	return info_of(object)->units.count > 0;
}

bool object_has_types(struct object *object)
{
	const struct info_index *index = info_of(object);

	// clang leaves out the types of variables that are only declared, however much they are used
	if (object->compiler && strstr(object->compiler, "clang"))
		return false;
	for (size_t i = 0; i < index->units.count && !object->debug->has_type_units && object->debug->budget;
	     i++) {
		struct unit_header *unit = &index->units.at[i];
		struct entry entry;

		// a unit of line numbers only (-g1), or one whose types are in a .dwo file, has no base type
		if (unit->first && unit->kind != DW_UT_skeleton &&
		    entry_read(object, unit, unit->first, &entry, NULL))
			for (size_t at = entry.next;
			     at && at < unit->end && entry_read(object, unit, at, &entry, NULL);
			     at = entry.tag ? entry_behind(object, unit, &entry) : entry.next)
				if (entry.tag == DW_TAG_base_type || entry.tag == DW_TAG_structure_type)
					return true;
	}
	return false;
}
