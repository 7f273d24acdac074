/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the GCC plugin wrote into an object (doc/notes-format.md), private to diff/. Read on demand, never trusted:
 * notes that cannot be read, or that say what the object's own symbols and bytes do not, count as none, and a warning
 * says so. Nothing depends on them; where both sides have them, they decide instead of guesses.
 */
#ifndef DIFF_NOTES_H
#define DIFF_NOTES_H

#include "diff/layout.h"

enum note_function_flag {
	NOTE_HAS_SYMBOL = 1,
	NOTE_HAS_HASH = 2,
	NOTE_ADDRESS_TAKEN = 4,
	NOTE_MERGED = 8,
	NOTE_ALIAS = 16,
	NOTE_SYMBOL_IS_NAME = 32,
	NOTE_HAS_COLD_PART = 64
};

struct note_inlining {
	size_t callee; /* index of a function */
	bool early;    /* as a part of each body that FUNCTION's is inlined into */
	const char *file;
	unsigned line; /* of the call, 0 unknown */
};

struct note_function {
	const char *name, *symbol, *file, *clone; /* clone: what was made of `origin` to get it, "" none */
	unsigned flags, line;
	uint64_t hash;     /* of the body as it was parsed; comparable between equal compilers */
	size_t origin;     /* 1 + index of the function it is a clone or alias of, 0: none */
	struct unit *unit; /* what `symbol` names, or NULL */
	struct note_inlining *inlined;
	size_t inlined_count;
};

enum note_initial { NOTE_ZERO, NOTE_INTEGER, NOTE_OTHER };

struct note_variable {
	const char *name, *symbol, *type, *file, *path; /* path: of the blocks around it, "0.1" */
	unsigned line;
	size_t function; /* 1 + index, 0: none */
	uint64_t size, value;
	enum note_initial initial;
	bool has_scope, has_users;
	uint64_t scope, shape; /* hashes of the innermost block; shape without values of constants */
	size_t *users;         /* indexes of functions, all that refer to it */
	size_t user_count;
	struct unit *unit;
};

struct note_type {
	const char *name, *file;
	unsigned line;
	uint64_t size, align;
	uint64_t hash;     /* of all of the layout but file and line; the fields are what it says */
	field_list fields; /* of the arena, not to be freed */
};

struct note_place { /* where __LINE__ or its like was expanded */
	const char *macro, *file;
	unsigned line;
};

enum note_build_flag {
	NOTE_PLACES_COMPLETE = 1
}; /* no place is missing, the source did not come preprocessed */

struct note_build { /* one for each unit that was linked into the object */
	unsigned flags;
	const char *compiler, *options, *source;
};

struct notes {
	struct note_build *builds;
	struct note_function *functions;
	struct note_variable *variables;
	struct note_type *types;
	struct note_place *places;
	size_t *function_of; /* of each unit of the object: 1 + index, 0: none */
	size_t build_count, function_count, variable_count, type_count, place_count;
};

/* NULL: none, or none that can be believed; then *problem (may be NULL) says why, or is NULL. */
const struct notes *notes_of(struct object *object, const char **problem);
/* From now on the object has none, for that reason. */
void notes_ignore(struct object *object, const char *problem);

/* FNV-1a, 64 bits: at the end of each unit of its payload, and in each type of its layout. */
#define NOTES_SUM_START UINT64_C(0xcbf29ce484222325)
uint64_t notes_sum_more(uint64_t sum, const void *data, size_t size);

/* notes-check.c: what in the object contradicts them, or NULL; fills in the units that are meant. */
const char *notes_bind(struct object *object, struct notes *notes, struct arena *arena);

/* notes-identity.c: pairs of units that are one thing, by the notes of both sides. Nothing when one side has none. */
struct unit_pair *notes_pairs(struct object *old, struct object *new_object, struct arena *arena,
			      size_t *count);

/* notes-use.c: warnings for notes that were ignored and for compilers or options that differ; the latter are a
 * refusal when functions changed whose source did not. */
void check_notes(const struct pair *pair, struct diags *diags);
/* Types whose layout differs, as object_type_changes() gives them. false: some side has no notes. */
bool notes_type_changes(struct object *old, struct object *new_object, struct arena *arena,
			struct type_change **changes, size_t *count);
/* Did a value that depends on the line arise there? True when it is not known. */
bool notes_may_be_line(struct object *object, uint64_t line);
/* The function whose changed source changed UNIT by being inlined, though UNIT's own did not change; or NULL. */
const struct note_function *notes_inlined_change(const struct unit *old, const struct unit *new_unit,
						 unsigned *line);

#endif
