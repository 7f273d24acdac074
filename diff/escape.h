/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Private to diff/escape*.c: x86-64 instructions as the disassembler writes them, and what the C library keeps. */
#ifndef DIFF_ESCAPE_H
#define DIFF_ESCAPE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "diff/disassemble.h"

// One bit a register as the instruction set numbers them; any vector register; the frame.
enum {
	RAX,
	RCX,
	RDX,
	RBX,
	RSP,
	RBP,
	RSI,
	RDI,
	R8,
	R9,
	R10,
	R11,
	VECTOR = 16,
	FRAME,
	NO_REGISTER = 31,
};

struct operand {
	enum { NONE, REGISTER, MEMORY, IMMEDIATE, OTHER } kind;
	unsigned number;      // of a register
	unsigned width;       // in bytes, of a register
	unsigned base, index; // of memory
	bool bare;            // memory without a displacement
	int64_t displacement; // of memory; the value of an immediate
	bool plain;           // that is a number, not a name
};

/* Splits an instruction's text at commas outside of parentheses and quotes; the number of operands, at most 4. The
 * last one is what is written to. */
unsigned parse_operands(const struct instruction *instruction, struct operand operands[4]);

/* Functions of the C library that keep nothing of what they are given. true in *derived: they may return it. */
bool keeps_nothing(const char *name, bool *derived);

/* One function, with what was split off it. */
bool is_part(const struct unit *one, const struct unit *other);
/* Does a jump by a register go to a label of the function? Else, or where that is not known, it is a call. */
bool is_switch(const struct unit *function, const struct listing *listing, const struct instruction *jump);

static inline bool starts(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

#endif
