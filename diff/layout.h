/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fields of structures, wherever they were read, and what a difference of two lists of them means. */
#ifndef DIFF_LAYOUT_H
#define DIFF_LAYOUT_H

#include "diff/diff.h"

struct field {
	const char *name;      /* path for what is in structures without a name, "" */
	uint64_t offset, size; /* size 0: unknown */
	unsigned line;
	uint64_t bit_at, bit_size; /* a bit field's first bit in its byte; bit_size 0: none */
	const char *type;          /* as in notes (doc/notes-format.md); NULL: unknown */
};

typedef VEC(struct field) field_list;

/* Fills the fields of *change that tell of fields; change->old_size and new_size are there. True when it differs. */
bool layout_compare(const struct object *object, const field_list *old, const field_list *new_fields,
		    struct type_change *change);
/* By place and name, for qsort(). */
int type_change_order(const void *left, const void *right);

#endif
