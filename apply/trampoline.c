// SPDX-License-Identifier: GPL-3.0-or-later
// Encodings: Intel SDM volume 2, CMP (81 /7 id), Jcc (0F 83), JMP (E9); ModRM 3c with SIB 25 is [disp32] without
// base or index, sign-extended.
#include "apply/trampoline.h"

#include <string.h>

static bool put_distance(uint8_t *field, uint64_t end, uint64_t target)
{
	int64_t distance = (int64_t)(target - end);
	int32_t narrow = (int32_t)distance;

	memcpy(field, &narrow, sizeof(narrow));
	return narrow == distance;
}

static uint64_t take_distance(const uint8_t *field, uint64_t end)
{
	int32_t distance;

	memcpy(&distance, field, sizeof(distance));
	return end + (uint64_t)(int64_t)distance;
}

bool trampoline_encode(const struct trampoline *trampoline, uint64_t address, uint8_t bytes[TRAMPOLINE_SIZE])
{
	uint32_t word = (uint32_t)trampoline->word;

	if (trampoline->word > INT32_MAX)
		return false;
	memset(bytes, 0xcc, TRAMPOLINE_SIZE); // int3
	memcpy(bytes, "\x81\x3c\x25", 3);
	memcpy(bytes + 3, &word, 4);
	memcpy(bytes + TRAMPOLINE_GENERATION, &trampoline->generation, 4);
	memcpy(bytes + 11, "\x0f\x83", 2);
	bytes[17] = 0xe9;
	return put_distance(bytes + 13, address + 17, trampoline->body) &&
	       put_distance(bytes + 18, address + TRAMPOLINE_BYTES, trampoline->previous);
}

bool trampoline_decode(const uint8_t bytes[TRAMPOLINE_SIZE], uint64_t address, struct trampoline *trampoline)
{
	uint32_t word;

	if (memcmp(bytes, "\x81\x3c\x25", 3) || memcmp(bytes + 11, "\x0f\x83", 2) || bytes[17] != 0xe9)
		return false;
	memcpy(&word, bytes + 3, 4);
	memcpy(&trampoline->generation, bytes + TRAMPOLINE_GENERATION, 4);
	trampoline->word = word;
	trampoline->body = take_distance(bytes + 13, address + 17);
	trampoline->previous = take_distance(bytes + 18, address + TRAMPOLINE_BYTES);
	return true;
}

bool jump_encode(uint64_t address, uint64_t target, uint8_t bytes[ENTRY_JUMP_SIZE])
{
	bytes[0] = 0xe9;
	return put_distance(bytes + 1, address + ENTRY_JUMP_SIZE, target);
}

uint64_t jump_decode(uint64_t address, const uint8_t bytes[ENTRY_JUMP_SIZE])
{
	return bytes[0] == 0xe9 ? take_distance(bytes + 1, address + ENTRY_JUMP_SIZE) : 0;
}
