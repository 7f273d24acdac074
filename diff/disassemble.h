/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One function of an object as a list of instructions that can be compared with another build's, private to diff/. */
#ifndef DIFF_DISASSEMBLE_H
#define DIFF_DISASSEMBLE_H

#include "diff/diff.h"

struct instruction {
	uint64_t at; /* offset in the unit */
	unsigned length;
	const char *text; /* as a person reads it: symbols, strings and labels, no addresses */
	/* The text with branch targets left out: equal keys are equal but for where they jump. */
	const char *key;
	const char *form;  /* the text with numbers left out */
	const char *shape; /* the text with numbers and registers left out */
	const char *mnemonic;
	const char *check;     /* of a comparison with a number: what it is, without registers and widths */
	int64_t branch;        /* offset in the unit it may jump to, or -1 */
	const char *callee;    /* function it calls or jumps to, by name */
	const char *string;    /* string literal it refers to, quoted */
	const char *reference; /* any other thing it refers to, by name and offset */
	bool has_immediate, has_displacement, compares, conditional, stack;
	int64_t immediate, displacement; /* the first ones; `stack`: the stack pointer is an operand */
};

struct listing {
	struct instruction *at;
	size_t count;
};

/* Never fails: what cannot be decoded is shown as bytes. Everything belongs to ARENA. */
struct listing disassemble(const struct unit *unit, struct arena *arena);

/* Does this libopcodes know the machine? Without, instructions are shown as numbers. */
bool can_disassemble(const struct arch *arch);

/* A relocation's target as a person reads it: "name+0x8", "\"text\"", "jump table". Where the two
 * sides are matched both have one name, so that a renumbered clone reads the same. */
const char *reloc_text(const struct unit *from, const struct reloc *reloc, struct arena *arena);
/* Bytes of the text that DATA is, with zeros and nothing else behind it; 0: it holds control characters but line ends and tabs, or
 * what is no UTF-8, or does not end. */
size_t text_before_zeros(const uint8_t *data, size_t size);
/* Text up to a NUL or SIZE in quotes, escaped and shortened. */
const char *quote(const uint8_t *data, size_t size, struct arena *arena);
/* A literal's bytes in quotes, shortened; NULL when they are no text. */
const char *literal_text(const struct unit *unit, int64_t offset, struct arena *arena);

#endif
