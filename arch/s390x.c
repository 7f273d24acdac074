// SPDX-License-Identifier: GPL-3.0-or-later
// s390x (64-bit, big-endian): relocations of the "ELF Application Binary Interface s390x Supplement", table
// "Relocation types". Instructions are made of halfwords; 12- and 20-bit displacements share their unit with a base
// register, so the masks matter.
#include "arch/arch.h"

#include <bfd.h>
#include <elf.h>

#define R(number, text, what, bytes, bits, ...)                                                              \
	{                                                                                                    \
		.type = number, .name = "R_390_" text, .kind = what, .size = bytes, .mask = bits,            \
		__VA_ARGS__                                                                                  \
	}
#define FULL(bytes)                          (bytes == 8 ? UINT64_MAX : ((uint64_t)1 << bytes * 8) - 1)
#define DATA(number, text, what, bytes, ...) R(number, text, what, bytes, FULL(bytes), __VA_ARGS__)
#define TLS(number, text, bytes, model)                                                                      \
	R(number, text, RELOC_TLS, bytes, FULL(bytes), .tls = model, .relaxable = true)
#define DISP12 0x0fffu     // of a halfword: base register above it
#define DISP20 0x0fffff00u // of a word: DL 27:16, DH 15:8

static const struct reloc_info relocs[] = {
	R(0, "NONE", RELOC_NONE, 0, 0),
	DATA(1, "8", RELOC_ABSOLUTE, 1),
	R(2, "12", RELOC_ABSOLUTE, 2, DISP12),
	DATA(3, "16", RELOC_ABSOLUTE, 2),
	DATA(4, "32", RELOC_ABSOLUTE, 4),
	DATA(5, "PC32", RELOC_RELATIVE, 4),
	R(6, "GOT12", RELOC_GOT, 2, DISP12),
	DATA(7, "GOT32", RELOC_GOT, 4),
	DATA(8, "PLT32", RELOC_CALL, 4),
	R(9, "COPY", RELOC_NONE, 0, 0),
	DATA(10, "GLOB_DAT", RELOC_ABSOLUTE, 8),
	DATA(11, "JMP_SLOT", RELOC_ABSOLUTE, 8),
	DATA(12, "RELATIVE", RELOC_ABSOLUTE, 8),
	DATA(13, "GOTOFF32", RELOC_GOT_BASE, 4),
	DATA(14, "GOTPC", RELOC_GOT_BASE, 8),
	DATA(15, "GOT16", RELOC_GOT, 2),
	DATA(16, "PC16", RELOC_RELATIVE, 2),
	DATA(17, "PC16DBL", RELOC_CALL, 2),
	DATA(18, "PLT16DBL", RELOC_CALL, 2),
	DATA(19, "PC32DBL", RELOC_RELATIVE, 4, .shift = 1),
	DATA(20, "PLT32DBL", RELOC_CALL, 4, .shift = 1),
	DATA(21, "GOTPCDBL", RELOC_GOT_BASE, 4, .shift = 1),
	DATA(22, "64", RELOC_ABSOLUTE, 8),
	DATA(23, "PC64", RELOC_RELATIVE, 8),
	DATA(24, "GOT64", RELOC_GOT, 8),
	DATA(25, "PLT64", RELOC_CALL, 8),
	DATA(26, "GOTENT", RELOC_GOT, 4, .relaxable = true, .shift = 1),
	DATA(27, "GOTOFF16", RELOC_GOT_BASE, 2),
	DATA(28, "GOTOFF64", RELOC_GOT_BASE, 8),
	R(29, "GOTPLT12", RELOC_GOT, 2, DISP12),
	DATA(30, "GOTPLT16", RELOC_GOT, 2),
	DATA(31, "GOTPLT32", RELOC_GOT, 4),
	DATA(32, "GOTPLT64", RELOC_GOT, 8),
	DATA(33, "GOTPLTENT", RELOC_GOT, 4, .shift = 1),
	DATA(34, "PLTOFF16", RELOC_GOT_BASE, 2),
	DATA(35, "PLTOFF32", RELOC_GOT_BASE, 4),
	DATA(36, "PLTOFF64", RELOC_GOT_BASE, 8),
	R(37, "TLS_LOAD", RELOC_HINT, 0, 0, .relaxable = true),
	R(38, "TLS_GDCALL", RELOC_HINT, 0, 0, .tls = TLS_GENERAL_DYNAMIC, .relaxable = true),
	R(39, "TLS_LDCALL", RELOC_HINT, 0, 0, .tls = TLS_LOCAL_DYNAMIC, .relaxable = true),
	TLS(40, "TLS_GD32", 4, TLS_GENERAL_DYNAMIC),
	TLS(41, "TLS_GD64", 8, TLS_GENERAL_DYNAMIC),
	R(42, "TLS_GOTIE12", RELOC_TLS, 2, DISP12, .tls = TLS_INITIAL_EXEC, .relaxable = true),
	TLS(43, "TLS_GOTIE32", 4, TLS_INITIAL_EXEC),
	TLS(44, "TLS_GOTIE64", 8, TLS_INITIAL_EXEC),
	TLS(45, "TLS_LDM32", 4, TLS_LOCAL_DYNAMIC),
	TLS(46, "TLS_LDM64", 8, TLS_LOCAL_DYNAMIC),
	TLS(47, "TLS_IE32", 4, TLS_INITIAL_EXEC),
	TLS(48, "TLS_IE64", 8, TLS_INITIAL_EXEC),
	DATA(49, "TLS_IEENT", RELOC_TLS, 4, .tls = TLS_INITIAL_EXEC, .relaxable = true, .shift = 1),
	TLS(50, "TLS_LE32", 4, TLS_LOCAL_EXEC),
	TLS(51, "TLS_LE64", 8, TLS_LOCAL_EXEC),
	TLS(52, "TLS_LDO32", 4, TLS_DTP_OFFSET),
	TLS(53, "TLS_LDO64", 8, TLS_DTP_OFFSET),
	DATA(54, "TLS_DTPMOD", RELOC_TLS, 8),
	DATA(55, "TLS_DTPOFF", RELOC_TLS, 8),
	DATA(56, "TLS_TPOFF", RELOC_TLS, 8),
	R(57, "20", RELOC_ABSOLUTE, 4, DISP20),
	R(58, "GOT20", RELOC_GOT, 4, DISP20),
	R(59, "GOTPLT20", RELOC_GOT, 4, DISP20),
	R(60, "TLS_GOTIE20", RELOC_TLS, 4, DISP20, .tls = TLS_INITIAL_EXEC, .relaxable = true),
	DATA(61, "IRELATIVE", RELOC_ABSOLUTE, 8),
	R(62, "PC12DBL", RELOC_CALL, 2, DISP12),
	R(63, "PLT12DBL", RELOC_CALL, 2, DISP12),
	R(64, "PC24DBL", RELOC_CALL, 4, 0x00ffffffu),
	R(65, "PLT24DBL", RELOC_CALL, 4, 0x00ffffffu),
};

// Thunk tables of the kernel (arch/s390/kernel/vmlinux.lds.S, nospec-branch.c): entries are distances to the site.
static const struct special_section specials[] = {
	{.name = ".s390_return_mem", .entry_size = 4},
	{.name = ".s390_return_reg", .entry_size = 4},
	{.name = ".s390_indirect_call", .entry_size = 4},
	{.name = ".s390_indirect_branches", .entry_size = 4},
	{.name = ".s390_indirect_jump", .entry_size = 4},
	{.name = ".s390_return*", .entry_size = 4},
};

// "larl %r1,x" holds (x - instruction) / 2 in the word two bytes into the instruction: R_390_PC32DBL with addend 2.
static int64_t pc_bias(const uint8_t *field, size_t before, const struct reloc_info *info)
{
	(void)field;
	(void)before;
	switch (info->type) {
	case R_390_PC16DBL:
	case R_390_PLT16DBL:
	case R_390_PC32DBL:
	case R_390_PLT32DBL:
	case R_390_GOTENT:
	case R_390_GOTPLTENT:
	case R_390_GOTPCDBL:
	case R_390_TLS_IEENT:
		return -2;
	default:
		return 0;
	}
}

// z/Architecture Principles of Operation, "Instruction Formats": the first two bits tell the length.
static size_t length_at(const uint8_t *code)
{
	return code[0] < 0x40 ? 2 : code[0] < 0xc0 ? 4 : 6;
}

static int64_t half_at(const uint8_t *at)
{
	return (int16_t)(at[0] << 8 | at[1]);
}

static int64_t word_at(const uint8_t *at)
{
	return (int32_t)((uint32_t)at[0] << 24 | at[1] << 16 | at[2] << 8 | at[3]);
}

// Principles of Operation, "LOAD RELATIVE LONG" and its like, by the digit behind c4; 0: stores.
static uint8_t loaded_bytes(unsigned digit)
{
	static const uint8_t bytes[16] = {
		[2] = 2, [4] = 2, [5] = 2, [6] = 2, [8] = 8, [12] = 4, [13] = 4, [14] = 4};

	return bytes[digit];
}

// Distances are counted in halfwords from the start of the instruction and lie two bytes into it.
static bool distance(const uint8_t *code, size_t left, struct code_distance *found)
{
	unsigned digit;

	if (left < 2 || left < length_at(code))
		return false;
	*found = (struct code_distance){.length = (uint8_t)length_at(code), .field = 2};
	digit = code[1] & 15;
	if ((code[0] == 0xa7 && digit >= 4 && digit <= 7) || code[0] == 0x84 || code[0] == 0x85 ||
	    (code[0] == 0xec &&
	     (code[5] == 0x44 || code[5] == 0x45 || code[5] == 0x64 || code[5] == 0x65 ||
	      (code[5] >= 0x76 && code[5] <= 0x77) || (code[5] >= 0x7c && code[5] <= 0x7f)))) {
		found->type =
			R_390_PC16DBL; // brc, bras, brct, brctg, brxh, brxle, compare and branch relative
		found->distance = half_at(code + 2) * 2;
	} else if (code[0] == 0xc0 && (digit == 4 || digit == 5)) { // brcl, brasl
		found->type = R_390_PLT32DBL;
		found->distance = word_at(code + 2) * 2;
	} else if ((code[0] == 0xc0 && digit == 0) || code[0] == 0xc4 ||
		   code[0] == 0xc6) { // larl, loads, exrl
		found->type = R_390_PC32DBL;
		found->loads = code[0] == 0xc4 ? loaded_bytes(digit) : 0;
		found->distance = word_at(code + 2) * 2;
	}
	return true;
}

// lhi, lghi with 16 bits, lgfi with 32.
static bool load_immediate(const uint8_t *code, struct code_immediate *found)
{
	unsigned digit = code[1] & 15;

	if (code[0] == 0xa7 && (digit == 8 || digit == 9)) {
		found->length = 2;
		found->mask = 0xffff;
		found->value = half_at(code + 2);
		return true;
	}
	if (code[0] == 0xc0 && digit == 1) {
		found->length = 4;
		found->mask = UINT32_MAX;
		found->value = word_at(code + 2);
		return true;
	}
	return false;
}

static bool immediate_at(const uint8_t *code, size_t size, size_t at, struct code_immediate *found)
{
	for (size_t start = 0; start <= at && size - start >= 2; start += length_at(code + start)) {
		if (size - start < length_at(code + start))
			return false;
		*found = (struct code_immediate){.start = start + 2};
		if (load_immediate(code + start, found) && at >= found->start &&
		    at < found->start + found->length)
			return true;
	}
	return false;
}

const struct arch arch_s390x = {
	.name = "s390x",
	.machine = EM_S390,
	.big_endian = true,
	.pointer_size = 8,
	.relocs = relocs,
	.reloc_count = sizeof(relocs) / sizeof(relocs[0]),
	.specials = specials,
	.special_count = sizeof(specials) / sizeof(specials[0]),
	.pc_bias = pc_bias,
	.immediate_at = immediate_at,
	.distance = distance,
	.bfd_arch = bfd_arch_s390,
	.bfd_mach = bfd_mach_s390_64,
};
