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

/* A compiler's label, a name without meaning: .LC0, .L4, and the mapping symbols $x, $d of ARM and RISC-V. */
bool symbol_is_label(const struct symbol *symbol);

/* The offset in reloc->symbol's section (or from the undefined symbol) that is meant: addend, symbol value and
 * what the machine adds for the tail of the instruction. SECTION holds the relocation. */
int64_t reloc_meant_offset(const struct object *object, const struct section *section, const struct reloc *reloc);

static inline bool section_is_code(const struct section *section)
{
	return section->role == ROLE_CODE;
}

#endif
