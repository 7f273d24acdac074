/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The code that chooses a function's body:
 *	cmpl $generation, word      81 3c 25 <word> <generation>    absolute: reaches from any image
 *	jae  body                   0f 83 <distance>
 *	jmp  previous               e9 <distance>
 * It changes flags only. 32 bytes, aligned so that each field lies in one page.
 */
#ifndef APPLY_TRAMPOLINE_H
#define APPLY_TRAMPOLINE_H

#include "apply/control.h"

struct trampoline {
	uint64_t word, body, previous;
	uint32_t generation;
};

enum { TRAMPOLINE_GENERATION = 7 /* offset of the generation field */, TRAMPOLINE_BYTES = 22 };

/* false: something is out of reach. */
bool trampoline_encode(const struct trampoline *trampoline, uint64_t address, uint8_t bytes[TRAMPOLINE_SIZE]);
bool trampoline_decode(const uint8_t bytes[TRAMPOLINE_SIZE], uint64_t address, struct trampoline *trampoline);
/* jmp TARGET, at ADDRESS. */
bool jump_encode(uint64_t address, uint64_t target, uint8_t bytes[ENTRY_JUMP_SIZE]);
/* 0: no such jump. */
uint64_t jump_decode(uint64_t address, const uint8_t bytes[ENTRY_JUMP_SIZE]);

#endif
