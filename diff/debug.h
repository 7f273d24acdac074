/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Debug information of one relocatable object, private to diff/. Opened on demand, read in the small parts that
 * are asked for, and never trusted: everything here reads through a checked cursor, and broken DWARF only means
 * that a place is unknown.
 *
 * Why not libdw: in a relocatable object every function section starts at 0 and every address and string offset
 * is a relocation. libdw does not apply them, libdwfl applies all of them (more work than the whole diff). Here a
 * field's relocation is looked up when the field is read, so that an address is (section, offset) by construction.
 */
#ifndef DIFF_DEBUG_H
#define DIFF_DEBUG_H

#include <elf.h>
#include <gelf.h>
#include <libelf.h>

#include "diff/diff.h"

/* Checked reading. After the first read past the end `bad` is set and every value is 0. */
struct cursor {
	const uint8_t *data;
	size_t size, at;
	bool big_endian, bad;
};
struct cursor cursor_at(const uint8_t *data, size_t size, size_t at, bool big_endian);
uint64_t cursor_number(struct cursor *cursor, unsigned bytes); /* 1, 2, 3, 4 or 8 */
uint64_t cursor_uleb(struct cursor *cursor);
int64_t cursor_sleb(struct cursor *cursor);
const char *cursor_text(struct cursor *cursor); /* "" when it does not end */
void cursor_skip(struct cursor *cursor, uint64_t bytes);

struct debug_section {
	const uint8_t *data; /* NULL: the object has none */
	size_t size;
	const Elf64_Rela *relocs; /* sorted by offset */
	size_t reloc_count;
	uint8_t *inflated;  /* own copy, when the file's is compressed */
	Elf64_Rela *sorted; /* own copy, when the file's are not in order */
};

enum debug_kind {
	DEBUG_INFO,
	DEBUG_ABBREV,
	DEBUG_LINE,
	DEBUG_STR,
	DEBUG_LINE_STR,
	DEBUG_STR_OFFSETS,
	DEBUG_ADDR,
	DEBUG_RNGLISTS,
	DEBUG_RANGES,
	DEBUG_NOTES, /* the GCC plugin's, notes.c */
	DEBUG_KINDS
};

/* An address in an object: section index 0 when it is none. */
struct place {
	uint32_t section;
	uint64_t offset;
};

struct debug {
	Elf *elf;
	bool big_endian;
	bool has_type_units; /* which are not read */
	uint64_t
		budget; /* abbreviations and ranges that may still be read: hostile units can all name the same long list */
	struct debug_section sections[DEBUG_KINDS];
	struct split *splits;     /* debug-split.c: files that hold the entries of units */
	struct line_index *lines; /* debug-line.c, made by the first question */
	struct info_index *info;  /* debug-info.c, likewise */
};

/* Never NULL; an object without debug information has sections without data. */
struct debug *debug_open(struct object *object);
/* A section's bytes, inflated where they are compressed; nothing when SECTION has some already. */
void debug_take_contents(const struct debug *debug, struct debug_section *section, Elf_Scn *scn,
			 const GElf_Shdr *header, const char *name);
/* Which kind a name says, "" or ".dwo" behind it (TAIL); -1: another section. */
int debug_kind_of(const char *name, const char *tail);
void splits_free(struct debug *debug);
void line_index_free(struct line_index *index);
void info_index_free(struct info_index *index);

/* The relocated value of a field of a debug section: the relocation's when there is one at AT, else STORED. */
struct place debug_address(const struct object *object, const struct debug_section *section, size_t at,
			   uint64_t stored);
/* A number that may be the difference of two symbols, written as two relocations of one field (ADD16, SUB16), on machines
 * whose linker relaxes code: RISC-V and LoongArch. STORED: what the field holds. */
uint64_t debug_distance(const struct object *object, const struct debug_section *section, size_t at,
			uint64_t stored);
uint64_t debug_offset(const struct object *object, const struct debug_section *section, size_t at,
		      uint64_t stored);
/* Text at an offset of a string section, NULL when it is outside. */
const char *debug_text(const struct debug_section *section, uint64_t offset);

/* PATH as people want to read it: behind the compilation directory, without "./". Lives in the object's arena. */
const char *debug_path(struct object *object, const char *directory, const char *name);

/* Name of file FILE of the first unit's line table, as DW_AT_decl_file counts, or NULL. LINE_OFFSET: DW_AT_stmt_list. */
const char *debug_file(struct object *object, uint64_t line_offset, uint64_t file);

/* Where a function or variable is declared. false: unknown. */
bool debug_declared(struct object *object, const struct section *section, uint64_t offset, const char **file,
		    unsigned *line);
/* Function, name and type of the static of a function at a place, in one text; NULL: it is none, or not known. *line: where it
 * is declared, 0 unknown. */
const char *debug_static(struct object *object, const struct section *section, uint64_t offset,
			 unsigned *line);
/* "a pointer(a number of 4 bytes, a pointer)" of the function at a place, or NULL when that is not known. In ARENA. */
const char *function_signature(struct object *object, const struct section *section, uint64_t offset,
			       struct arena *arena);
/* The same of what the function pointer AT bytes into a variable points to. NULL: it is none, or not known. */
const char *pointer_signature(const struct unit *variable, uint64_t at, struct arena *arena);
/* Names of the functions inlined at OFFSET of a code section, innermost first, up to MAX; the number found. */
size_t debug_inlined(struct object *object, const struct section *section, uint64_t offset,
		     const char **names, size_t max);
/* Is the instruction at OFFSET part of a call that was inlined from LINE? */
bool debug_called_from(struct object *object, const struct section *section, uint64_t offset, uint64_t line);

/* Refuses layouts that differ (data-layout), for one changed pair; part of check_pair(). */
void check_types(const struct pair *pair, struct diags *diags);
/* Of a changed function in objects without types: does it touch memory at an offset where its old body did not? The first
 * one: *offset of the datum *what, or behind a pointer where that is NULL. */
bool touches_elsewhere(const struct unit *function, struct arena *arena, const char **what, int64_t *offset);
/* Of the same: does it ask an allocator for another size than its old body did? Such a structure may have grown. */
bool allocates_otherwise(const struct unit *function, struct arena *arena, const char **allocator,
			 int64_t *old, int64_t *new_size);
/* Has the object any debug information about what is in its source, types or not? */
bool debug_has_units(struct object *object);

#endif
