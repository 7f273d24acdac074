/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where the jump at a function's entry goes, and the instructions it covers, rebuilt so that they can run
 * elsewhere: "the relocated prologue". Decides only what it can prove; else says why not.
 */
#ifndef CREATE_PROLOGUE_H
#define CREATE_PROLOGUE_H

#include "create/instruction.h"

enum { PROLOGUE_MAX = 160, PROLOGUE_FIELDS_MAX = 16, JUMP_SIZE = 5 };

struct prologue_input {
	const uint8_t *code; /* the old function in the image, `room` bytes */
	uint64_t vaddr;
	size_t size; /* of the function */
	size_t room; /* size and the padding behind it that is proven to be nobody's; at least `size` */
	/* Offsets in the function that anything outside of its own straight code refers to: branches of its
	 * split-off parts, jump tables, label addresses. Any order. Offset 0 is of no matter. */
	const uint64_t *landings;
	size_t landing_count;
};

/* A 32-bit distance in the relocated prologue: from the end of the field to TARGET. */
struct prologue_field {
	uint32_t offset;
	uint64_t target; /* link-time address in the image */
	uint8_t tail;    /* bytes between the field's end and its instruction's */
};

struct prologue {
	uint32_t jump_offset, jump_size;
	bool endbr;
	uint8_t bytes[PROLOGUE_MAX]; /* ends with the jump back */
	uint32_t size;
	struct prologue_field fields[PROLOGUE_FIELDS_MAX];
	uint32_t field_count;
};

/* 0, or -1 with *REASON set to a constant phrase that ends "... because it <reason>". */
int prologue_build(struct decoder *decoder, const struct prologue_input *input, struct prologue *prologue,
		   const char **reason);

#endif
