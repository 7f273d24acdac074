// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Lengths of x86-64 instructions and where their PC-relative and absolute fields lie (Intel SDM volume 2, chapter 2
 * and the opcode maps of appendix A). Whole programs are walked with it, for which a disassembler is too slow.
 */
#include "arch/link.h"

#include <string.h>

enum prefix { PREFIX_66 = 1, PREFIX_F3 = 2, PREFIX_F2 = 4, PREFIX_67 = 8, PREFIX_VECTOR = 16 };

struct cursor {
	const uint8_t *code;
	size_t left, at;
	unsigned prefixes;
	bool wide;       // REX.W, VEX.W
	unsigned vector; // 0: 128 bits, 1: 256, 2: 512
	unsigned map;    // 0: one byte, 1: 0f, 2: 0f 38, 3: 0f 3a
	uint8_t opcode;
	struct code_shape *shape;
};

// One bit per opcode, from 0x00 in the lowest bit of the first word.
static bool in_set(const uint32_t set[8], uint8_t opcode)
{
	return set[opcode >> 5] >> (opcode & 31) & 1;
}

static const uint32_t one_byte_modrm[8] = {
	0x0f0f0f0f, 0x0f0f0f0f, 0,          0x00000a08, // 00-3f: the first four of eight; 63, 69, 6b
	0x0000fffb, 0,          0xff0f00c3, 0xc0c00000, // 80-8f but 82; c0 c1 c6 c7 d0-d3 d8-df; f6 f7 fe ff
};
// No ModRM: system instructions, emms, jcc, cpuid, bswap and the like.
static const uint32_t map1_plain[8] = {0x00004be0, 0x00ff0000, 0,          0x00800000,
				       0x0000ffff, 0x00000707, 0x0000ff00, 0};
static const uint32_t map1_imm8[8] = {0, 0, 0, 0x000f0000, 0, 0x04001010, 0x00000074, 0};

static bool next(struct cursor *cursor, uint8_t *byte)
{
	if (cursor->at >= cursor->left || cursor->at >= 15)
		return false;
	*byte = cursor->code[cursor->at++];
	return true;
}

static bool skip(struct cursor *cursor, unsigned count)
{
	if (cursor->left - cursor->at < count || cursor->at + count > 15)
		return false;
	cursor->at += count;
	return true;
}

static void take_number(struct cursor *cursor, unsigned size)
{
	if (size < 4)
		return;
	cursor->shape->number = (uint8_t)cursor->at;
	cursor->shape->number_size = (uint8_t)size;
}

// ---- prefixes and opcode -------------------------------------------------------------------------

static void take_implied(struct cursor *cursor, uint8_t bits)
{
	static const unsigned implied[] = {0, PREFIX_66, PREFIX_F3, PREFIX_F2};

	cursor->prefixes = (cursor->prefixes & PREFIX_67) | implied[bits & 3] | PREFIX_VECTOR;
}

static bool read_vex(struct cursor *cursor, uint8_t first)
{
	uint8_t a, b, c;

	if (!next(cursor, &a))
		return false;
	cursor->map = 1;
	if (first == 0xc5) {
		take_implied(cursor, a);
		cursor->vector = a >> 2 & 1;
		return next(cursor, &cursor->opcode);
	}
	if (!next(cursor, &b))
		return false;
	cursor->map = first == 0x62 ? a & 7 : a & 0x1f;
	cursor->wide = b >> 7;
	take_implied(cursor, b);
	cursor->vector = b >> 2 & 1;
	if (first == 0x62) {
		if (!next(cursor, &c))
			return false;
		cursor->vector = c >> 5 & 3;
	}
	return cursor->map >= 1 && cursor->map <= 3 && next(cursor, &cursor->opcode);
}

static bool read_map(struct cursor *cursor)
{
	uint8_t byte;

	if (!next(cursor, &byte))
		return false;
	cursor->map = byte == 0x38 ? 2 : byte == 0x3a ? 3 : 1;
	cursor->opcode = byte;
	return cursor->map == 1 || next(cursor, &cursor->opcode);
}

static bool read_opcode(struct cursor *cursor)
{
	uint8_t byte;

	for (;;) {
		if (!next(cursor, &byte))
			return false;
		if (byte == 0x66)
			cursor->prefixes |= PREFIX_66;
		else if (byte == 0xf2 || byte == 0xf3)
			cursor->prefixes |= byte == 0xf2 ? PREFIX_F2 : PREFIX_F3;
		else if (byte == 0x67)
			cursor->prefixes |= PREFIX_67;
		else if (byte != 0x2e && byte != 0x36 && byte != 0x3e && byte != 0x26 && byte != 0x64 &&
			 byte != 0x65 && byte != 0xf0)
			break;
	}
	if ((byte & 0xf0) == 0x40) {
		cursor->wide = byte >> 3 & 1;
		if (!next(cursor, &byte))
			return false;
	}
	if (byte == 0x0f)
		return read_map(cursor);
	if (byte == 0xc4 || byte == 0xc5 || byte == 0x62)
		return read_vex(cursor, byte);
	cursor->opcode = byte;
	return true;
}

// ---- operands ------------------------------------------------------------------------------------

static bool has_modrm(const struct cursor *cursor)
{
	if (cursor->map == 0)
		return in_set(one_byte_modrm, cursor->opcode);
	return cursor->map != 1 || !in_set(map1_plain, cursor->opcode);
}

static bool read_modrm(struct cursor *cursor, uint8_t *digit)
{
	uint8_t modrm, sib = 0;
	unsigned mode, base;

	if (!next(cursor, &modrm))
		return false;
	*digit = modrm >> 3 & 7;
	mode = modrm >> 6;
	base = modrm & 7;
	if (mode == 3)
		return true;
	if (mode == 0 && base == 5) {
		cursor->shape->pc_field = (uint8_t)cursor->at;
		return skip(cursor, 4);
	}
	if (base == 4 && !next(cursor, &sib))
		return false;
	if (mode == 1)
		return skip(cursor, 1);
	if (mode == 2 || (base == 4 && (sib & 7) == 5)) {
		take_number(cursor, 4);
		return skip(cursor, 4);
	}
	return true;
}

static unsigned operand_size(const struct cursor *cursor)
{
	return cursor->wide ? 8 : cursor->prefixes & PREFIX_66 ? 2 : 4;
}

// Bytes of immediate (or distance) of one-byte opcodes.
static unsigned one_byte_immediate(const struct cursor *cursor, uint8_t digit)
{
	uint8_t opcode = cursor->opcode;
	unsigned word = operand_size(cursor) == 2 ? 2 : 4;

	if (opcode < 0x40)
		return (opcode & 7) == 4 ? 1 : (opcode & 7) == 5 ? word : 0;
	if ((opcode & 0xf0) == 0x70 || (opcode & 0xf8) == 0xb0 || (opcode >= 0xe0 && opcode <= 0xe7))
		return 1;
	if ((opcode & 0xf8) == 0xb8)
		return cursor->wide ? 8 : word;
	switch (opcode) {
	case 0x6a:
	case 0x6b:
	case 0x80:
	case 0x83:
	case 0xa8:
	case 0xc0:
	case 0xc1:
	case 0xc6:
	case 0xcd:
	case 0xeb:
		return 1;
	case 0x68:
	case 0x69:
	case 0x81:
	case 0xa9:
	case 0xc7:
		return word;
	case 0xe8:
	case 0xe9:
		return 4;
	case 0xc2:
	case 0xca:
		return 2;
	case 0xc8:
		return 3;
	case 0xf6:
		return digit < 2 ? 1 : 0;
	case 0xf7:
		return digit < 2 ? word : 0;
	case 0xa0:
	case 0xa1:
	case 0xa2:
	case 0xa3:
		return cursor->prefixes & PREFIX_67 ? 4 : 8;
	default:
		return 0;
	}
}

static bool read_immediate(struct cursor *cursor, uint8_t digit)
{
	unsigned size = 0;

	if (cursor->map == 0) {
		size = one_byte_immediate(cursor, digit);
		cursor->shape->branch = cursor->opcode == 0xe8 || cursor->opcode == 0xe9;
	} else if (cursor->map == 1 && (cursor->opcode & 0xf0) == 0x80 &&
		   !(cursor->prefixes & PREFIX_VECTOR)) {
		size = 4;
		cursor->shape->branch = true;
	} else if (cursor->map == 3 || (cursor->map == 1 && in_set(map1_imm8, cursor->opcode))) {
		size = 1;
	}
	if (cursor->shape->branch)
		cursor->shape->pc_field = (uint8_t)cursor->at;
	else
		take_number(cursor, size);
	return skip(cursor, size);
}

// ---- how much memory an operand is -----------------------------------------------------------------

static unsigned one_byte_access(const struct cursor *cursor, uint8_t digit)
{
	uint8_t opcode = cursor->opcode;

	if (opcode >= 0xd8 && opcode <= 0xdf)
		return opcode == 0xdb && digit == 5 ? 10 : opcode == 0xdc || opcode == 0xdd ? 8 : 4;
	if (opcode == 0x63)
		return 4;
	if (opcode == 0xff && digit >= 2)
		return 8;
	if (opcode < 0x40 || (opcode >= 0x80 && opcode <= 0x8b) || opcode >= 0xc0)
		return opcode & 1 || opcode == 0x8c ? operand_size(cursor) : 1;
	return operand_size(cursor);
}

static unsigned map1_access(const struct cursor *cursor)
{
	uint8_t opcode = cursor->opcode;
	unsigned whole = 16u << cursor->vector;
	bool scalar4 = cursor->prefixes & PREFIX_F3, scalar8 = cursor->prefixes & PREFIX_F2;

	if (opcode == 0xb6 || opcode == 0xbe || (opcode & 0xf0) == 0x90)
		return 1;
	if (opcode == 0xb7 || opcode == 0xbf)
		return 2;
	if ((opcode >= 0x40 && opcode < 0x50 && !(cursor->prefixes & PREFIX_VECTOR)) ||
	    (opcode >= 0xa0 && opcode <= 0xc1) || opcode == 0xc3 || opcode == 0x1f || opcode == 0x2a)
		return operand_size(cursor) == 2 ? 2 : cursor->wide ? 8 : 4;
	if (opcode == 0x2e || opcode == 0x2f)
		return cursor->prefixes & PREFIX_66 ? 8 : 4;
	if (opcode == 0x6e || opcode == 0x7e)
		return scalar4 || cursor->wide ? 8 : 4;
	if (opcode == 0xd6 || opcode == 0xe6 || ((opcode & 0xfa) == 0x12 && !scalar4 && !scalar8))
		return 8;
	if (opcode == 0x5a && !scalar4 && !scalar8 && !(cursor->prefixes & PREFIX_66))
		return whole / 2;
	if (scalar8)
		return 8;
	if (scalar4 && opcode != 0x6f && opcode != 0x7f && opcode != 0x12 && opcode != 0x16)
		return 4;
	return whole;
}

static unsigned map23_access(const struct cursor *cursor)
{
	uint8_t opcode = cursor->opcode;

	if (cursor->map == 2 && ((opcode & 0xf8) == 0x20 || (opcode & 0xf8) == 0x30))
		return 4; // pmovsx, pmovzx: a half, a quarter or an eighth
	if (cursor->map == 2 && (opcode == 0x18 || opcode == 0x58 || opcode >= 0xf0))
		return cursor->wide && opcode >= 0xf0 ? 8 : 4;
	if (cursor->map == 2 && (opcode == 0x19 || opcode == 0x59))
		return 8;
	if (cursor->map == 2 && cursor->prefixes & PREFIX_VECTOR && opcode >= 0x96 && opcode <= 0xbf &&
	    opcode & 1)
		return cursor->wide ? 8 : 4; // scalar fused multiply-add
	if (cursor->map == 3 && (opcode == 0x0a || opcode == 0x21 || opcode == 0x22))
		return 4;
	if (cursor->map == 3 && opcode == 0x0b)
		return 8;
	if (cursor->map == 3 && (opcode == 0x20 || opcode == 0xf0))
		return 1;
	return 16u << (cursor->vector & 1);
}

static void take_access(struct cursor *cursor, uint8_t digit)
{
	cursor->shape->address = cursor->map == 0 && cursor->opcode == 0x8d;
	if (cursor->shape->address)
		return;
	if (cursor->map == 0)
		cursor->shape->access = (uint8_t)one_byte_access(cursor, digit);
	else if (cursor->map == 1)
		cursor->shape->access = (uint8_t)map1_access(cursor);
	else
		cursor->shape->access = (uint8_t)map23_access(cursor);
}

bool x86_64_shape(const uint8_t *code, size_t left, struct code_shape *shape)
{
	struct cursor cursor = {.code = code, .left = left, .shape = shape};
	uint8_t digit = 0;

	*shape = (struct code_shape){0};
	if (!read_opcode(&cursor))
		return false;
	if (has_modrm(&cursor) && !read_modrm(&cursor, &digit))
		return false;
	if (shape->pc_field)
		take_access(&cursor, digit);
	if (!read_immediate(&cursor, digit))
		return false;
	shape->length = (uint8_t)cursor.at;
	return true;
}
