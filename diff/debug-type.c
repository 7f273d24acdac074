// SPDX-License-Identifier: GPL-3.0-or-later
// Layouts of structures, from .debug_info: which field is at an offset, and whose layout differs between two builds.
#include "diff/debug-info.h"
#include "diff/layout.h"
#include "diff/notes.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#define STRIP_MAX  16 // typedefs and qualifiers around a type
#define NEST_MAX   8  // structures within structures
#define FIELDS_MAX 4096

struct named { // a structure or variable of the top level
	const char *name;
	uint32_t unit;
	uint64_t tag; // DW_TAG_typedef: of a structure without a name
	size_t entry, type;
};

typedef VEC(struct named) named_list;

struct type_index {
	named_list structures, variables;
	// name -> 1 + index; "typedef struct { } t" has a namespace of its own
	struct strmap *structure_of, *typedef_of, *variable_of;
};

static bool is_structure(uint64_t tag)
{
	return tag == DW_TAG_structure_type || tag == DW_TAG_union_type || tag == DW_TAG_class_type;
}

// ---- the index --------------------------------------------------------------------------------------

// Is that a typedef of a structure that has no other name? *at becomes the structure's place.
static bool names_structure(struct object *object, struct unit_header *unit, const struct entry *entry,
			    size_t *at)
{
	struct entry structure;

	*at = entry->type;
	return entry->tag == DW_TAG_typedef && *at >= unit->first && *at < unit->end &&
	       entry_read(object, unit, *at, &structure, NULL) && is_structure(structure.tag) &&
	       !structure.name && !structure.declaration && structure.has_size;
}

// The first one of a name counts.
static void add_named(struct strmap *map, named_list *list, const struct named *named)
{
	if (strmap_get(map, named->name))
		return;
	*vec_push(list) = *named;
	*strmap_put(map, named->name) = (void *)list->count;
}

static void take_named(struct object *object, struct type_index *index, const struct entry *entry,
		       uint32_t number, size_t at)
{
	struct unit_header *unit = &info_of(object)->units.at[number];
	struct named named = {
		.name = entry->name, .unit = number, .tag = entry->tag, .entry = at, .type = entry->type};

	if (!entry->name)
		return;
	if (is_structure(entry->tag) && !entry->declaration && entry->has_size)
		add_named(index->structure_of, &index->structures, &named);
	else if (entry->tag == DW_TAG_variable && entry->type)
		add_named(index->variable_of, &index->variables, &named);
	else if (names_structure(object, unit, entry, &named.entry))
		add_named(index->typedef_of, &index->structures, &named);
}

static struct type_index *types_of(struct object *object)
{
	struct info_index *info = info_of(object);
	struct type_index *index = info->types;

	if (index)
		return index;
	index = info->types = xalloc(sizeof(*index));
	memset(index, 0, sizeof(*index));
	index->structure_of = strmap_new();
	index->typedef_of = strmap_new();
	index->variable_of = strmap_new();
	for (size_t u = 0; u < info->units.count; u++) {
		struct unit_header *unit = &info->units.at[u];
		size_t at = unit->first;
		struct entry entry;

		while (at && at < unit->end && entry_read(object, unit, at, &entry, NULL)) {
			if (entry.tag)
				take_named(object, index, &entry, (uint32_t)u, at);
			at = entry_is_scope(entry.tag) || !entry.tag ? entry.next
								     : entry_behind(object, unit, &entry);
		}
	}
	return index;
}

void type_index_free(struct type_index *index)
{
	if (!index)
		return;
	free(index->structures.at);
	free(index->variables.at);
	strmap_free(index->structure_of);
	strmap_free(index->typedef_of);
	strmap_free(index->variable_of);
	free(index);
}

// ---- types ------------------------------------------------------------------------------------------

bool type_read(struct object *object, struct unit_header *unit, size_t *at, struct entry *entry)
{
	for (unsigned hops = 0; hops < STRIP_MAX; hops++) {
		if (*at < unit->first || *at >= unit->end || !entry_read(object, unit, *at, entry, NULL))
			return false;
		switch (entry->tag) {
		case DW_TAG_typedef:
		case DW_TAG_const_type:
		case DW_TAG_volatile_type:
		case DW_TAG_restrict_type:
		case DW_TAG_atomic_type:
			*at = entry->type;
			break;
		default:
			return true;
		}
	}
	return false;
}

// Elements of an array type over all its dimensions; 0: unknown.
static uint64_t element_count(struct object *object, struct unit_header *unit, const struct entry *array)
{
	uint64_t count = 1;
	size_t at = array->next;
	struct entry entry;

	if (!array->children)
		return 0;
	while (at && at < unit->end && debug_spend(object, 1) && entry_read(object, unit, at, &entry, NULL) &&
	       entry.tag) {
		if (entry.tag == DW_TAG_subrange_type &&
		    (!entry.has_count || __builtin_mul_overflow(count, entry.count, &count)))
			return 0;
		at = entry_behind(object, unit, &entry);
	}
	return count;
}

uint64_t type_size(struct object *object, struct unit_header *unit, size_t at)
{
	struct entry entry;
	uint64_t factor = 1, size;

	for (unsigned nest = 0; nest < NEST_MAX; nest++) {
		if (!type_read(object, unit, &at, &entry))
			return 0;
		if (entry.tag != DW_TAG_array_type) {
			size = entry.has_size                     ? entry.byte_size
			       : entry.tag == DW_TAG_pointer_type ? unit->address_size
								  : 0;
			return __builtin_mul_overflow(size, factor, &size) ? 0 : size;
		}
		if (__builtin_mul_overflow(factor, element_count(object, unit, &entry), &factor))
			return 0;
		at = entry.type;
	}
	return 0;
}

static const char *base_text(const struct entry *type, struct arena *arena)
{
	char class;

	switch (type->encoding) {
	case DW_ATE_boolean:
		class = 'b';
		break;
	case DW_ATE_float:
	case DW_ATE_complex_float:
		class = 'f';
		break;
	case DW_ATE_signed:
	case DW_ATE_signed_char:
		class = 'i';
		break;
	case DW_ATE_unsigned:
	case DW_ATE_unsigned_char:
	case DW_ATE_UTF:
		class = 'u';
		break;
	default:
		return NULL;
	}
	return arena_printf(arena, "%c%llu", class, (unsigned long long)type->byte_size * 8);
}

static const char *pointer_text(struct object *object, struct unit_header *unit, size_t at,
				struct arena *arena)
{
	struct entry target;

	if (at && type_read(object, unit, &at, &target) && is_structure(target.tag) && target.name)
		return arena_printf(arena, "struct %s*", target.name);
	return "*";
}

const char *debug_type_text(struct object *object, struct unit_header *unit, size_t at, struct arena *arena)
{
	bool array = false;
	struct entry type = {0};
	const char *text = NULL;

	for (unsigned nest = 0;
	     nest < NEST_MAX && type_read(object, unit, &at, &type) && type.tag == DW_TAG_array_type;
	     nest++, array = true)
		at = type.type;
	if (type.tag == DW_TAG_base_type)
		text = base_text(&type, arena);
	else if (type.tag == DW_TAG_enumeration_type)
		text = "enum";
	else if (type.tag == DW_TAG_pointer_type || type.tag == DW_TAG_reference_type)
		text = pointer_text(object, unit, type.type, arena);
	else if (is_structure(type.tag) && type.name)
		text = arena_printf(arena, "struct %s", type.name);
	return text && array ? arena_printf(arena, "%s[]", text) : text;
}

static void read_fields(struct object *object, struct unit_header *unit, const struct entry *structure,
			const struct field *outer, unsigned nest, struct arena *arena, field_list *fields);

// A structure without a name has no layout of its own to compare: its fields count as the outer one's.
static bool read_unnamed(struct object *object, struct unit_header *unit, const struct entry *member,
			 const struct field *field, unsigned nest, struct arena *arena, field_list *fields)
{
	size_t at = member->type;
	struct entry type;

	if (nest >= NEST_MAX || !type_read(object, unit, &at, &type))
		return false;
	if (type.tag == DW_TAG_array_type) { // the first element stands for all
		at = type.type;
		if (!type_read(object, unit, &at, &type))
			return false;
	}
	if (!is_structure(type.tag) || type.name)
		return false;
	read_fields(object, unit, &type, field, nest + 1, arena, fields);
	return true;
}

static void read_fields(struct object *object, struct unit_header *unit, const struct entry *structure,
			const struct field *outer, unsigned nest, struct arena *arena, field_list *fields)
{
	size_t at = structure->next;
	struct entry entry;

	while (structure->children && at && at < unit->end && fields->count < FIELDS_MAX &&
	       entry_read(object, unit, at, &entry, NULL) && entry.tag) {
		if (entry.tag == DW_TAG_member &&
		    (entry.has_member_offset || structure->tag == DW_TAG_union_type)) {
			struct field field = {.name = entry.name ? entry.name : "",
					      .offset = outer->offset + entry.member_offset,
					      .size = type_size(object, unit, entry.type),
					      .line = (unsigned)entry.decl_line,
					      .bit_at = entry.bit_at,
					      .bit_size = entry.bit_size};

			if (*outer->name)
				field.name = arena_printf(arena, "%s%s%s", outer->name,
							  *field.name ? "." : "", field.name);
			field.type = debug_type_text(object, unit, entry.type, arena);
			if (!read_unnamed(object, unit, &entry, &field, nest, arena, fields))
				*vec_push(fields) = field;
		}
		at = entry_behind(object, unit, &entry);
	}
}

// ---- which field is where -----------------------------------------------------------------------------

bool type_member(struct object *object, struct unit_header *unit, const struct entry *structure,
		 uint64_t offset, struct entry *found)
{
	size_t at = structure->next;
	bool any = false;
	struct entry entry;

	while (structure->children && at && at < unit->end && entry_read(object, unit, at, &entry, NULL) &&
	       entry.tag) {
		if (entry.tag == DW_TAG_member && entry.member_offset <= offset &&
		    (!any || entry.member_offset > found->member_offset)) {
			*found = entry;
			any = true;
		}
		at = entry_behind(object, unit, &entry);
	}
	return any;
}

const char *object_field(struct object *object, const char *variable, uint64_t offset, struct arena *arena)
{
	struct type_index *index = types_of(object);
	size_t number = (size_t)strmap_get(index->variable_of, variable);
	const char *path = "";
	struct unit_header *unit;
	struct entry entry, member;
	size_t at;

	if (!number)
		return NULL;
	unit = &info_of(object)->units.at[index->variables.at[number - 1].unit];
	at = index->variables.at[number - 1].type;
	for (unsigned nest = 0; nest < NEST_MAX && type_read(object, unit, &at, &entry); nest++) {
		if (entry.tag == DW_TAG_array_type) {
			uint64_t size = type_size(object, unit, entry.type);

			if (!size)
				break;
			path = arena_printf(arena, "%s[%llu]", path, (unsigned long long)(offset / size));
			offset %= size;
			at = entry.type;
			continue;
		}
		if (!is_structure(entry.tag) || !type_member(object, unit, &entry, offset, &member))
			break;
		offset -= member.member_offset;
		if (member.name)
			path = arena_printf(arena, "%s%s%s", path, *path ? "." : "", member.name);
		at = member.type;
	}
	return *path ? path : NULL;
}

// ---- layouts that differ ------------------------------------------------------------------------------

// The name of a variable whose type is that structure, or an array of it.
static const char *variable_of(struct object *object, struct type_index *index, const struct named *structure)
{
	for (size_t i = 0; i < index->variables.count && debug_spend(object, 1); i++) {
		const struct named *variable = &index->variables.at[i];
		struct unit_header *unit = &info_of(object)->units.at[variable->unit];
		size_t at = variable->type;
		struct entry entry;

		if (variable->unit != structure->unit || !type_read(object, unit, &at, &entry))
			continue;
		if (entry.tag == DW_TAG_array_type) {
			at = entry.type;
			if (!type_read(object, unit, &at, &entry))
				continue;
		}
		if (at == structure->entry)
			return variable->name;
	}
	return NULL;
}

// Compares one structure of both sides; true and *change filled when its layout differs.
static bool compare_structure(struct object *old, const struct named *before, struct object *new_object,
			      const struct named *after, struct arena *arena, struct type_change *change)
{
	static const struct field whole = {.name = ""};
	struct unit_header *old_unit = &info_of(old)->units.at[before->unit];
	struct unit_header *new_unit = &info_of(new_object)->units.at[after->unit];
	struct entry old_entry, new_entry;
	field_list old_fields = {0}, new_fields = {0};
	bool differs;

	memset(change, 0, sizeof(*change));
	if (!entry_read(old, old_unit, before->entry, &old_entry, NULL) ||
	    !entry_read(new_object, new_unit, after->entry, &new_entry, NULL))
		return false;
	read_fields(old, old_unit, &old_entry, &whole, 0, arena, &old_fields);
	read_fields(new_object, new_unit, &new_entry, &whole, 0, arena, &new_fields);
	change->old_size = old_entry.byte_size;
	change->new_size = new_entry.byte_size;
	change->line = (unsigned)new_entry.decl_line;
	differs = layout_compare(new_object, &old_fields, &new_fields, change);
	if (differs)
		change->file = debug_file(new_object, new_unit->line_offset, new_entry.decl_file);
	free(old_fields.at);
	free(new_fields.at);
	return differs;
}

static const char *keyword_of(uint64_t tag)
{
	return tag == DW_TAG_union_type   ? "union "
	       : tag == DW_TAG_class_type ? "class "
	       : tag == DW_TAG_typedef    ? ""
					  : "struct ";
}

static struct type_change *debug_type_changes(struct object *old, struct object *new_object,
					      struct arena *arena, size_t *count)
{
	struct type_index *before = types_of(old), *after = types_of(new_object);
	VEC(struct type_change) list = {0};
	struct type_change *changes;

	for (size_t i = 0; i < after->structures.count; i++) {
		const struct named *structure = &after->structures.at[i];
		bool unnamed = structure->tag == DW_TAG_typedef;
		size_t number = (size_t)strmap_get(unnamed ? before->typedef_of : before->structure_of,
						   structure->name);
		struct type_change change;

		if (!number || before->structures.at[number - 1].tag != structure->tag ||
		    !compare_structure(old, &before->structures.at[number - 1], new_object, structure, arena,
				       &change))
			continue;
		change.name = arena_printf(arena, "%s%s", keyword_of(structure->tag), structure->name);
		change.variable = variable_of(new_object, after, structure);
		*vec_push(&list) = change;
	}
	if (list.count)
		qsort(list.at, list.count, sizeof(*list.at), type_change_order);
	changes = arena_array(arena, list.count + 1, sizeof(*changes));
	if (list.count)
		memcpy(changes, list.at, list.count * sizeof(*changes));
	*count = list.count;
	free(list.at);
	return changes;
}

// Debug information has every type of the source; the notes have those that code or data touches.
struct type_change *object_type_changes(struct object *old, struct object *new_object, struct arena *arena,
					size_t *count)
{
	struct type_change *changes;

	if (!(object_has_types(old) && object_has_types(new_object)) &&
	    notes_type_changes(old, new_object, arena, &changes, count))
		return changes;
	return debug_type_changes(old, new_object, arena, count);
}
