// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * LZO1X, as the kernel describes it (Documentation/staging/lzo.rst). A block is a row of instructions, each of which copies a
 * match from what was made before and 0 to 3 literals behind it, which the instruction's two low bits count:
 *
 *	1LLDDDSS H           length 5 + L, distance (H << 3) + D + 1
 *	01LDDDSS H           length 3 + L, distance (H << 3) + D + 1
 *	001LLLLL DDDDDDSS D  length 2 + L, distance D + 1                 (L 0: 31 and what follows)
 *	0001HLLL DDDDDDSS D  length 2 + L, distance 16384 + (H << 14) + D (L 0: 7 and what follows); 16384 is the end
 *	0000LLLL             behind a match without literals: 3 + L literals (L 0: 15 and what follows)
 *	0000DDSS H           behind 1 to 3 literals: length 2, distance (H << 2) + D + 1; behind more: 3, and 2048 more
 */
#include <string.h>

#include "create/decompress.h"

enum { LONG_RUN = 4 }; // the state behind more than 3 literals; others are the number of literals

struct lzo {
	const uint8_t *at, *end;
	uint8_t *start, *to, *limit;
	size_t state;
};

// Zero bytes are 255 each, the byte behind them is the rest.
static bool more_length(struct lzo *lzo, size_t base, size_t *length)
{
	if (*length)
		return true;
	*length = base;
	while (lzo->at < lzo->end && !*lzo->at) {
		*length += 255;
		lzo->at++;
	}
	if (lzo->at == lzo->end)
		return false;
	*length += *lzo->at++;
	return true;
}

static bool copy_literals(struct lzo *lzo, size_t count)
{
	if (count > (size_t)(lzo->end - lzo->at) || count > (size_t)(lzo->limit - lzo->to))
		return false;
	memcpy(lzo->to, lzo->at, count);
	lzo->to += count;
	lzo->at += count;
	return true;
}

// A match may overlap what it makes.
static bool copy_match(struct lzo *lzo, size_t length, size_t distance)
{
	if (!distance || distance > (size_t)(lzo->to - lzo->start) || length > (size_t)(lzo->limit - lzo->to))
		return false;
	for (size_t i = 0; i < length; i++)
		lzo->to[i] = lzo->to[i - distance];
	lzo->to += length;
	return true;
}

static bool take_byte(struct lzo *lzo, size_t *byte)
{
	if (lzo->at == lzo->end)
		return false;
	*byte = *lzo->at++;
	return true;
}

static bool take_pair(struct lzo *lzo, size_t *pair)
{
	if (lzo->end - lzo->at < 2)
		return false;
	*pair = lzo->at[0] | (size_t)lzo->at[1] << 8;
	lzo->at += 2;
	return true;
}

// One instruction. *DONE: it was the end mark.
static bool step(struct lzo *lzo, bool *done)
{
	size_t code, byte, pair, length, distance, literals;

	if (!take_byte(lzo, &code))
		return false;
	literals = code & 3;
	if (code >= 64) {
		if (!take_byte(lzo, &byte))
			return false;
		length = code >= 128 ? 5 + (code >> 5 & 3) : 3 + (code >> 5 & 1);
		distance = (byte << 3) + (code >> 2 & 7) + 1;
	} else if (code >= 16) {
		length = code >= 32 ? code & 31 : code & 7;
		if (!more_length(lzo, code >= 32 ? 31 : 7, &length) || !take_pair(lzo, &pair))
			return false;
		length += 2;
		distance = (pair >> 2) + (code >= 32 ? 1 : 16384 + ((code & 8) << 11));
		literals = pair & 3;
		*done = code < 32 && distance == 16384;
		if (*done)
			return true;
	} else if (!lzo->state) {
		length = code;
		if (!more_length(lzo, 15, &length))
			return false;
		lzo->state = LONG_RUN;
		return copy_literals(lzo, length + 3);
	} else {
		if (!take_byte(lzo, &byte))
			return false;
		length = lzo->state == LONG_RUN ? 3 : 2;
		distance = (byte << 2) + (code >> 2) + (lzo->state == LONG_RUN ? 2049 : 1);
	}
	lzo->state = literals;
	return copy_match(lzo, length, distance) && copy_literals(lzo, literals);
}

bool lzo_block(const uint8_t *bytes, size_t size, uint8_t *to, size_t expected)
{
	struct lzo lzo = {.at = bytes, .end = bytes + size, .start = to, .to = to, .limit = to + expected};
	bool done = false;

	// A block may begin with literals alone.
	if (size && *bytes > 17) {
		size_t count = *lzo.at++ - 17u;

		if (!copy_literals(&lzo, count))
			return false;
		lzo.state = count < LONG_RUN ? count : LONG_RUN;
	}
	while (!done)
		if (!step(&lzo, &done))
			return false;
	return lzo.to == lzo.limit;
}
