/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Private to diff/: what the reader of a format hands to the passes that finish the model. */
#ifndef DIFF_MODEL_H
#define DIFF_MODEL_H

#include "diff/diff.h"

/*
 * Splits the sections of a freshly read object into units, and points every relocation at the unit it lands in.
 * Sections, symbols and relocations (offset, info, symbol, addend; checked and sorted) are there; units, targets
 * and owners are filled in here. True when done; else *why says what in the object cannot be.
 */
bool object_split(struct object *object, const char **why);

/* facts.c: marks data by what refers to it: type references of exception tables, records of sanitizers. */
void find_data_facts(struct object *object);

/* implied.c: adds relocations for references within a section that the assembler resolved itself. */
void recover_references(struct object *object);

/* A compiler's label, a name without meaning: .LC0, .L4, and the mapping symbols $x, $d of ARM and RISC-V, there
 * with the instruction set behind: $xrv64i2p1_m2p0. */
bool symbol_is_label(const struct symbol *symbol);
bool symbol_is_mapping(const struct symbol *symbol);

/* The offset in reloc->symbol's section (or from the undefined symbol) that is meant: addend, symbol value and
 * what the machine adds for the tail of the instruction. SECTION holds the relocation. */
int64_t reloc_meant_offset(const struct object *object, const struct section *section,
			   const struct reloc *reloc);

/* Names: numbers taken out ("count.5" -> "count.#"); of texts; of tables known by content alone (__func__, CSWTCH); of state that
 * belongs to one build (__already_done, __UNIQUE_ID_*). The key is NAME itself or lives in ARENA. */
const char *name_key(struct arena *arena, const char *name);
bool name_is_text(const char *name);
/* names-cxx.c: the same of a mangled name of C++; NAME itself when it is none or has no such number. */
const char *name_key_cxx(struct arena *arena, const char *name);
/* The numbers of such a name, in order, each with what it counts ("Z1fvE UliE": f's lambdas of (int)), and back from a key
 * and numbers to a name. The key is NULL for what has no such numbers or cannot be followed. */
struct cxx_numbers {
	size_t count;
	const char *what[16], *number[16];
};
const char *name_numbers_cxx(struct arena *arena, const char *name, struct cxx_numbers *numbers);
const char *name_from_key_cxx(struct arena *arena, const char *key, const struct cxx_numbers *numbers);
/* Does the name say that it allocates? */
bool name_is_allocator(const char *name);
/* May the name be that of the first of several statics of a function, of which the others have a number behind it? Clang's
 * f.count (then f.count.1); the keys of C++'s names have no numbers. */
bool name_may_be_first(const char *name);
bool name_is_content(const char *name);
bool name_is_per_build(const char *name);

/* tables.c: entries of tables that the linker puts together: to nobody in the object do they matter but by their section.
 * What an initcall is called without its level, in ARENA. */
bool unit_is_table_entry(const struct unit *unit);
bool unit_is_initcall(const struct unit *unit);
bool unit_is_export(const struct unit *unit);
const char *initcall_name(struct arena *arena, const struct unit *unit);

struct unit_pair {
	struct unit *old, *new_unit;
};
/* correlate-cxx.c: unmatched units of lambdas, local types and namesakes of which something else has its match. In ARENA. */
struct unit_pair *renumbered_pairs(struct object *old, struct object *new_object, struct arena *arena,
				   size_t *count);

/* line-string.c: two relocations mean strings that differ in one number alone, and in what it is. */
bool strings_differ_in_number(const struct reloc *old, const struct reloc *new_reloc, uint64_t *old_value,
			      uint64_t *new_value);

/* Read-only data without an identity of its own: what counts is the bytes a reference finds there. */
bool unit_is_content(const struct unit *unit);
/* Two relocations of one type, or of two that mean the same. */
bool relocs_same_type(const struct reloc *old, const struct reloc *new_reloc);
/* The two units have relocations of the same types at the same offsets. */
bool relocs_align(const struct unit *old, const struct unit *new_unit);
/* Of two units that align, OLD not longer: the bytes outside of relocated fields are equal. */
bool masked_bytes_equal(const struct unit *old, const struct unit *new_unit);

/* Which units have relocations that land in a unit. Each referrer is named once per run of its relocations. */
struct referrers;
struct referrers *referrers_new(const struct object *object);
void referrers_free(struct referrers *referrers);
struct unit *const *referrers_of(const struct referrers *referrers, const struct unit *unit, size_t *count);
/* Do matched functions, one the counterpart of the other, use the two? Callers count for functions without a match. */
bool units_share_owner(const struct referrers *old_referrers, struct unit *old,
		       const struct referrers *new_referrers, struct unit *new_unit);
/* Some matched function uses it, and all who do are known. */
bool unit_has_owner(const struct referrers *referrers, struct unit *unit);
/* The program writes to it: not constants, and not tables that only the dynamic linker fills. */
static inline bool unit_is_writable(const struct unit *unit)
{
	return (unit->section->flags & (SECTION_WRITE | SECTION_RELRO)) == SECTION_WRITE && !unit->constant;
}

/*
 * escape.c: may FUNCTION, or something it calls, keep the address of DATUM (both of the old side) in memory, or return
 * it? x86-64 only; false elsewhere.
 */
struct escapes;
struct escape {
	const struct unit *in; /* the function that keeps it */
	uint64_t at;           /* offset in it */
	const char *how;       /* "stores its address in memory" */
	const char *
		returned_by; /* a global function that hands it out, whether or not anything in the tree keeps it */
};
struct escapes *escapes_new(struct diff *diff);
void escapes_free(struct escapes *escapes);
bool address_escapes(struct escapes *escapes, const struct unit *function, const struct unit *datum,
		     struct escape *escape);

/* compare.c: marks a unit of the new side that reads the changed constant DATUM, another object's, and what follows from
 * it within its object. false: it is one that was marked already, or cannot be. */
bool spread_constant(struct object *old, struct object *new_object, struct unit *reader,
		     const struct unit *datum);

/* check.c: differences outside of functions and data that can only be refused; how many. */
size_t check_sections(const struct pair *pair, struct diags *diags);
/* check.c: what one object's change does to the others of the tree. */
void check_trees(struct diff *diff, struct diags *diags);
/* check-constants.c: some constant of this object, of the new side, has a counterpart with another value. */
bool has_changed_constant(const struct object *object);
/* check-constants.c: pairs with readers of constants that changed join the changed ones; refuses what may be stored. */
void check_constants(struct diff *diff, const struct diff_options *options, struct diags *diags);

static inline size_t unit_index(const struct unit *unit)
{
	return (size_t)(unit - unit->object->units);
}

static inline bool section_is_code(const struct section *section)
{
	return section->role == ROLE_CODE;
}

/* Functions of OBJECT that allocate SIZE bytes with a constant, "f, g and 3 more", for messages; NULL: none is seen. */
const char *object_allocators(const struct object *object, uint64_t size, struct arena *arena);

#endif
