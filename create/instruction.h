/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One x86-64 instruction at a time, as far as moving code elsewhere needs to understand it: its length, where
 * it may go, and which of its bytes depend on where it stands. Lengths come from libopcodes.
 */
#ifndef CREATE_INSTRUCTION_H
#define CREATE_INSTRUCTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum flow {
	FLOW_NEXT,        /* goes on behind itself */
	FLOW_JUMP,        /* direct, unconditional */
	FLOW_CONDITIONAL, /* jcc */
	FLOW_LOOP,        /* loop, loope, loopne, jrcxz: an eight-bit distance only */
	FLOW_CALL,        /* direct */
	FLOW_INDIRECT_CALL,
	FLOW_END,     /* return, indirect jump, trap: does not go on */
	FLOW_STRANGE, /* depends on its place in a way that is not understood (xbegin) */
};

struct instruction {
	uint8_t length;
	enum flow flow;
	uint8_t prefixes;   /* bytes before the opcode */
	uint8_t field;      /* offset of the distance to `target` within the instruction; 0: it has none */
	uint8_t field_size; /* 1 or 4 */
	uint64_t target;    /* of a direct branch, or of a rip-relative operand */
};

/* Disassembler state; one per thread. */
struct decoder;
struct decoder *decoder_new(void);
void decoder_free(struct decoder *decoder);

/* Decodes the instruction at BYTES, LEFT of which are readable, standing at VADDR. false: no instruction. */
bool decode(struct decoder *decoder, const uint8_t *bytes, size_t left, uint64_t vaddr,
	    struct instruction *out);

#endif
