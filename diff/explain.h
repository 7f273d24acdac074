/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Aligning the instructions of two builds of a function, private to diff/. */
#ifndef DIFF_EXPLAIN_H
#define DIFF_EXPLAIN_H

#include "diff/disassemble.h"

/* One step through both listings. side ' ': old and new are equal; '-': old only; '+': new only. `old` and `new_at`
 * are indices; on a side without the instruction, of the next one there. */
struct step {
	char side;
	size_t old, new_at;
};

struct alignment {
	struct step *steps;
	size_t count;
};

struct alignment align(const struct listing *old, const struct listing *new_listing, struct arena *arena);

/* explain-text.c: the text with its constant in the base that people use: "cmp $16384,%r9d", "cmpb $'/',(%rdi)", "mov $-1,%eax",
 * but "and $0x3f00,%eax". It is the text itself or lives in ARENA. */
const char *instruction_text(const struct instruction *instruction, struct arena *arena);
bool instruction_is_nop(const struct instruction *instruction);
/* Which instructions of the listing of UNIT do nothing but align what follows; one flag each. */
void mark_padding(const struct unit *unit, const struct listing *listing, bool *padding);

/* A changed unit that is no code: the changes are appended to those it has. */
void explain_datum(struct unit *old, struct unit *new_unit);
/* Appends one change to a unit; texts must live as long as the unit's object. */
void add_change(struct unit *unit, const struct change *change);

#endif
