/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The entries of .debug_info as they are read, private to diff/debug-*.c. */
#ifndef DIFF_DEBUG_INFO_H
#define DIFF_DEBUG_INFO_H

#include "diff/debug.h"

struct abbreviation {
	uint64_t tag;
	bool children;
	size_t attributes; /* offset in .debug_abbrev of the list of pairs */
};

struct unit_header { /* one compilation unit */
	const struct debug_section
		*sections;        /* the object's, or those of a file of split debug information */
	size_t start, end, first; /* offset of its header, its end, its first entry */
	unsigned version, kind, offset_size, address_size; /* kind: DW_UT_* */
	struct intmap *abbreviations;                      /* code -> index + 1 into the list */
	VEC(struct abbreviation) list;
	struct place low; /* base of range lists */
	uint64_t line_offset, str_offsets_base, addr_base, rnglists_base;
	uint64_t ranges_base,
		split_ranges_base; /* before DWARF 5: what a skeleton says is the other part's */
	const char *compile_dir;
	const char *split_name; /* of a skeleton: where the rest is, and which */
	uint64_t split_id;
};

/* One debugging information entry, as far as it matters here. Offsets are in .debug_info. */
struct entry {
	uint64_t tag;
	bool children, declaration;
	size_t next;    /* offset behind its attributes */
	size_t sibling; /* 0: unknown */
	const char *name, *compile_dir, *split_name;
	uint64_t split_id;
	bool has_split_id;
	struct place low;
	bool has_low, high_is_size, has_high, has_ranges;
	uint64_t high;
	uint64_t ranges;
	size_t origin; /* DW_AT_abstract_origin or DW_AT_specification, 0: none */
	uint64_t decl_file, decl_line, call_line;
	struct place location; /* of DW_OP_addr */
	uint64_t line_offset;
	size_t type;                              /* DW_AT_type, 0: none */
	uint64_t byte_size, member_offset, count; /* count: elements of an array's dimension */
	uint64_t bit_at, bit_size;
	uint64_t encoding; /* DW_ATE_ of a base type */
	bool has_size, has_member_offset, has_count;
	bool prototyped; /* a function type that lists its parameters */
};

struct subject { /* a function or variable with a place */
	uint32_t section, unit;
	uint64_t low, high;
	size_t entry;
};

struct type_index;
struct static_index;

struct info_index {
	VEC(struct unit_header) units;
	struct type_index *types;     /* debug-type.c, made by the first question */
	struct static_index *statics; /* debug-static.c, likewise */
	VEC(struct subject) subjects; /* by section and offset */
};

/* Reads a unit's header and first entry; *next is the following unit. false: nothing behind it can be found. */
bool unit_read(struct object *object, const struct debug_section *sections, size_t at,
	       struct unit_header *unit, size_t *next);
void unit_release(struct unit_header *unit);
/* The unit that a skeleton stands for, from a .dwo or .dwp file that holds one with its id (debug-split.c). */
bool split_find(struct object *object, const struct unit_header *skeleton, struct unit_header *unit);
/*
 * Reads the entry at AT. Returns false at the end of the unit or where it cannot be read; a null entry (end of a
 * list of children) has tag 0. With BASES set only the unit's bases are taken.
 */
bool entry_read(const struct object *object, struct unit_header *unit, size_t at, struct entry *entry,
		struct unit_header *bases);
/* What an inlined copy or a body lacks has the entry that it stands for (abstract_origin, specification). */
enum entry_part { ENTRY_NAME, ENTRY_TYPE, ENTRY_LINE };
bool entry_has(const struct entry *entry, enum entry_part part);
/* The first entry from AT on, within the unit, that has PART; false: none has, or one cannot be read. */
bool entry_follow(struct object *object, struct unit_header *unit, size_t at, enum entry_part part,
		  struct entry *entry);
/* The offset behind an entry and everything in it; 0 when that cannot be found. */
size_t entry_behind(const struct object *object, struct unit_header *unit, const struct entry *entry);
/* A tag whose children count as the unit's own: namespaces. */
bool entry_is_scope(uint64_t tag);
/* Takes STEPS from the object's budget; false when it is used up: nothing further can be said of its types. */
bool debug_spend(const struct object *object, uint64_t steps);
struct info_index *info_of(struct object *object);
/* The function or variable at a place, or NULL. */
const struct subject *subject_at(struct object *object, const struct section *section, uint64_t offset);
/* Reads a type behind its typedefs and qualifiers; *at becomes its place. false: none, or it cannot be read. */
bool type_read(struct object *object, struct unit_header *unit, size_t *at, struct entry *entry);
/* Bytes of the type at AT, 0 unknown. */
uint64_t type_size(struct object *object, struct unit_header *unit, size_t at);
/* The member of a structure that holds OFFSET: the last that starts there or before. */
bool type_member(struct object *object, struct unit_header *unit, const struct entry *structure,
		 uint64_t offset, struct entry *found);
void type_index_free(struct type_index *index);
void static_index_free(struct static_index *index);
/* What a field or variable holds, as notes write it (doc/notes-format.md); NULL: not told. */
const char *debug_type_text(struct object *object, struct unit_header *unit, size_t at, struct arena *arena);

#endif
