// SPDX-License-Identifier: GPL-3.0-or-later
// How a function is called, from .debug_info: which kind of thing, and of which size, each argument and the result is.
// `char *` and `const void *` are called alike, `int` and `long` are not.
#include "diff/debug-info.h"

#include <dwarf.h>
#include <string.h>

enum { HOPS_MAX = 16, ARGUMENTS_MAX = 64 };

static const char *kind_of_type(struct object *object, struct unit_header *unit, size_t at,
				struct arena *arena)
{
	struct entry entry;

	if (!at)
		return "void";
	for (unsigned hops = 0; hops < HOPS_MAX; hops++) {
		if (at < unit->first || at >= unit->end || !entry_read(object, unit, at, &entry, NULL))
			return NULL;
		switch (entry.tag) {
		case DW_TAG_typedef:
		case DW_TAG_const_type:
		case DW_TAG_volatile_type:
		case DW_TAG_restrict_type:
		case DW_TAG_atomic_type:
			if (!entry.type) // const void
				return "void";
			at = entry.type;
			continue;
		case DW_TAG_pointer_type:
		case DW_TAG_reference_type:
		case DW_TAG_rvalue_reference_type:
			return "a pointer";
		case DW_TAG_base_type:
			if (entry.name && (strstr(entry.name, "float") || strstr(entry.name, "double")))
				return arena_printf(arena, "a floating number of %u bytes",
						    (unsigned)entry.byte_size);
			return arena_printf(arena, "a number of %u bytes", (unsigned)entry.byte_size);
		case DW_TAG_enumeration_type:
			return arena_printf(arena, "a number of %u bytes", (unsigned)entry.byte_size);
		case DW_TAG_structure_type:
		case DW_TAG_union_type:
		case DW_TAG_class_type:
			return arena_printf(arena, "a structure of %u bytes", (unsigned)entry.byte_size);
		default:
			return NULL;
		}
	}
	return NULL;
}

// The type of an entry, or of the one it stands for. false: that cannot be read.
static bool type_of(struct object *object, struct unit_header *unit, struct entry entry, size_t *type)
{
	for (unsigned hops = 0; hops < HOPS_MAX; hops++) {
		*type = entry.type;
		if (entry.type || !entry.origin)
			return true;
		if (entry.origin < unit->first || entry.origin >= unit->end ||
		    !entry_read(object, unit, entry.origin, &entry, NULL))
			return false;
	}
	return false;
}

// ENTRY: of a function, or of a function's type.
static const char *signature_of(struct object *object, struct unit_header *unit, const struct entry *entry,
				struct arena *arena)
{
	const char *text, *kind;
	struct entry child;
	size_t type, at;

	if (!type_of(object, unit, *entry, &type) || !(text = kind_of_type(object, unit, type, arena)))
		return NULL;
	text = arena_printf(arena, "%s(", text);
	at = entry->next;
	for (unsigned count = 0; entry->children && at && at < unit->end && count < ARGUMENTS_MAX;) {
		if (!entry_read(object, unit, at, &child, NULL))
			return NULL;
		if (!child.tag)
			break;
		if (child.tag == DW_TAG_formal_parameter) {
			if (!type_of(object, unit, child, &type) ||
			    !(kind = kind_of_type(object, unit, type, arena)))
				return NULL;
			text = arena_printf(arena, "%s%s%s", text, count++ ? ", " : "", kind);
		} else if (child.tag == DW_TAG_unspecified_parameters) {
			text = arena_printf(arena, "%s, ...", text);
		}
		at = entry_behind(object, unit, &child);
	}
	return arena_printf(arena, "%s)", text);
}

const char *function_signature(struct object *object, const struct section *section, uint64_t offset,
			       struct arena *arena)
{
	const struct subject *subject = subject_at(object, section, offset);
	struct unit_header *unit;
	struct entry entry;

	if (!subject)
		return NULL;
	unit = &info_of(object)->units.at[subject->unit];
	if (!entry_read(object, unit, subject->entry, &entry, NULL) || entry.tag != DW_TAG_subprogram)
		return NULL;
	return signature_of(object, unit, &entry, arena);
}

// The type of what lies AT bytes into a variable; arrays and structures are gone through, unions are not.
static bool type_inside(struct object *object, struct unit_header *unit, size_t *type, uint64_t at,
			struct entry *entry)
{
	for (unsigned hops = 0; hops < HOPS_MAX && type_read(object, unit, type, entry); hops++) {
		struct entry member;
		uint64_t size;

		if (entry->tag == DW_TAG_array_type) {
			size = type_size(object, unit, entry->type);
			if (!size)
				return false;
			at %= size;
			*type = entry->type;
		} else if (entry->tag == DW_TAG_structure_type) {
			if (!type_member(object, unit, entry, at, &member))
				return false;
			at -= member.member_offset;
			*type = member.type;
		} else {
			return at == 0;
		}
	}
	return false;
}

const char *pointer_signature(const struct unit *variable, uint64_t at, struct arena *arena)
{
	struct object *object = variable->object;
	const struct subject *subject = subject_at(object, variable->section, variable->offset);
	struct unit_header *unit;
	struct entry entry;
	size_t type;

	if (!subject)
		return NULL;
	unit = &info_of(object)->units.at[subject->unit];
	if (!entry_read(object, unit, subject->entry, &entry, NULL) || entry.tag != DW_TAG_variable ||
	    !type_of(object, unit, entry, &type) || !type_inside(object, unit, &type, at, &entry) ||
	    entry.tag != DW_TAG_pointer_type)
		return NULL;
	type = entry.type;
	// "void (*)()" tells no parameters, but has some, perhaps.
	if (!type_read(object, unit, &type, &entry) || entry.tag != DW_TAG_subroutine_type ||
	    !entry.prototyped)
		return NULL;
	return signature_of(object, unit, &entry, arena);
}

bool function_is_called_otherwise(const struct unit *old, const struct unit *new_unit, struct arena *arena,
				  const char **before, const char **after)
{
	*before = function_signature(old->object, old->section, old->offset, arena);
	*after = function_signature(new_unit->object, new_unit->section, new_unit->offset, arena);
	// Of clones the compiler changes the callers, too.
	return *before && *after && strcmp(*before, *after) != 0 && !strchr(old->name, '.') &&
	       !strchr(new_unit->name, '.');
}
