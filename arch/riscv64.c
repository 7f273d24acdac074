// SPDX-License-Identifier: GPL-3.0-or-later
// riscv64: relocations of the "RISC-V ELF Specification", chapter "Relocations". Code is made of 16-bit parcels. Linkers
// shorten code ("relaxation"), so assemblers leave every distance to them: labels, and pairs of ADD and SUB at one place
// where another machine has one PC-relative field.
#include "arch/arch.h"

#include <bfd.h>
#include <elf.h>
#include <string.h>

#define R(number, text, what, bytes, bits, ...)                                                              \
	{                                                                                                    \
		.type = number, .name = "R_RISCV_" text, .kind = what, .size = bytes, .mask = bits,          \
		__VA_ARGS__                                                                                  \
	}
#define FULL(bytes)                          (bytes == 8 ? UINT64_MAX : ((uint64_t)1 << bytes * 8) - 1)
#define DATA(number, text, what, bytes, ...) R(number, text, what, bytes, FULL(bytes), __VA_ARGS__)
#define TLS(number, text, bits, model)       R(number, text, RELOC_TLS, 4, bits, .tls = model, .relaxable = true)
#define RELAXABLE                            .relaxable = true

// Immediate fields of the instruction formats (RISC-V ISA manual, volume 1, chapters 2.3 and "C").
#define U_TYPE  0xfffff000u
#define I_TYPE  0xfff00000u
#define S_TYPE  0xfe000f80u // and B
#define J_TYPE  0xfffff000u
#define CB_TYPE 0x1c7cu
#define CJ_TYPE 0x1ffcu
#define CI_TYPE 0x107cu
#define CALL    0xfff00000fffff000u // auipc and the jalr behind it

static const struct reloc_info relocs[] = {
	R(0, "NONE", RELOC_NONE, 0, 0),
	DATA(1, "32", RELOC_ABSOLUTE, 4),
	DATA(2, "64", RELOC_ABSOLUTE, 8),
	DATA(3, "RELATIVE", RELOC_ABSOLUTE, 8),
	R(4, "COPY", RELOC_NONE, 0, 0),
	DATA(5, "JUMP_SLOT", RELOC_ABSOLUTE, 8),
	DATA(6, "TLS_DTPMOD32", RELOC_TLS, 4, .tls = TLS_GENERAL_DYNAMIC),
	DATA(7, "TLS_DTPMOD64", RELOC_TLS, 8, .tls = TLS_GENERAL_DYNAMIC),
	DATA(8, "TLS_DTPREL32", RELOC_TLS, 4, .tls = TLS_DTP_OFFSET),
	DATA(9, "TLS_DTPREL64", RELOC_TLS, 8, .tls = TLS_DTP_OFFSET),
	DATA(10, "TLS_TPREL32", RELOC_TLS, 4, .tls = TLS_LOCAL_EXEC),
	DATA(11, "TLS_TPREL64", RELOC_TLS, 8, .tls = TLS_LOCAL_EXEC),
	R(16, "BRANCH", RELOC_CALL, 4, S_TYPE),
	R(17, "JAL", RELOC_CALL, 4, J_TYPE),
	R(18, "CALL", RELOC_CALL, 8, CALL, RELAXABLE),
	R(19, "CALL_PLT", RELOC_CALL, 8, CALL, RELAXABLE),
	R(20, "GOT_HI20", RELOC_GOT, 4, U_TYPE, RELAXABLE),
	TLS(21, "TLS_GOT_HI20", U_TYPE, TLS_INITIAL_EXEC),
	TLS(22, "TLS_GD_HI20", U_TYPE, TLS_GENERAL_DYNAMIC),
	R(23, "PCREL_HI20", RELOC_RELATIVE, 4, U_TYPE, RELAXABLE),
	R(24, "PCREL_LO12_I", RELOC_RELATIVE, 4, I_TYPE, RELAXABLE),
	R(25, "PCREL_LO12_S", RELOC_RELATIVE, 4, S_TYPE, RELAXABLE),
	R(26, "HI20", RELOC_ABSOLUTE, 4, U_TYPE, RELAXABLE),
	R(27, "LO12_I", RELOC_ABSOLUTE, 4, I_TYPE, RELAXABLE),
	R(28, "LO12_S", RELOC_ABSOLUTE, 4, S_TYPE, RELAXABLE),
	TLS(29, "TPREL_HI20", U_TYPE, TLS_LOCAL_EXEC),
	TLS(30, "TPREL_LO12_I", I_TYPE, TLS_LOCAL_EXEC),
	TLS(31, "TPREL_LO12_S", S_TYPE, TLS_LOCAL_EXEC),
	R(32, "TPREL_ADD", RELOC_HINT, 0, 0, .tls = TLS_LOCAL_EXEC, RELAXABLE),
	DATA(33, "ADD8", RELOC_ABSOLUTE, 1),
	DATA(34, "ADD16", RELOC_ABSOLUTE, 2),
	DATA(35, "ADD32", RELOC_ABSOLUTE, 4),
	DATA(36, "ADD64", RELOC_ABSOLUTE, 8),
	DATA(37, "SUB8", RELOC_ABSOLUTE, 1),
	DATA(38, "SUB16", RELOC_ABSOLUTE, 2),
	DATA(39, "SUB32", RELOC_ABSOLUTE, 4),
	DATA(40, "SUB64", RELOC_ABSOLUTE, 8),
	R(41, "GNU_VTINHERIT", RELOC_NONE, 0, 0),
	R(42, "GNU_VTENTRY", RELOC_NONE, 0, 0),
	R(43, "ALIGN", RELOC_HINT, 0, 0, RELAXABLE),
	R(44, "RVC_BRANCH", RELOC_CALL, 2, CB_TYPE),
	R(45, "RVC_JUMP", RELOC_CALL, 2, CJ_TYPE),
	R(46, "RVC_LUI", RELOC_ABSOLUTE, 2, CI_TYPE),
	R(47, "GPREL_I", RELOC_GOT_BASE, 4, I_TYPE),
	R(48, "GPREL_S", RELOC_GOT_BASE, 4, S_TYPE),
	TLS(49, "TPREL_I", I_TYPE, TLS_LOCAL_EXEC),
	TLS(50, "TPREL_S", S_TYPE, TLS_LOCAL_EXEC),
	R(51, "RELAX", RELOC_HINT, 0, 0, RELAXABLE),
	R(52, "SUB6", RELOC_ABSOLUTE, 1, 0x3f),
	R(53, "SET6", RELOC_ABSOLUTE, 1, 0x3f),
	DATA(54, "SET8", RELOC_ABSOLUTE, 1),
	DATA(55, "SET16", RELOC_ABSOLUTE, 2),
	DATA(56, "SET32", RELOC_ABSOLUTE, 4),
	DATA(57, "32_PCREL", RELOC_RELATIVE, 4),
	DATA(58, "IRELATIVE", RELOC_ABSOLUTE, 8),
	DATA(59, "PLT32", RELOC_CALL, 4),
	// SET_ULEB128 and SUB_ULEB128 fill as many bytes as are there; only debug information and exception tables have them.
	DATA(60, "SET_ULEB128", RELOC_ABSOLUTE, 1),
	DATA(61, "SUB_ULEB128", RELOC_ABSOLUTE, 1),
};

static uint32_t word_at(const uint8_t *code)
{
	return code[0] | code[1] << 8 | code[2] << 16 | (uint32_t)code[3] << 24;
}

static unsigned length_at(const uint8_t *code)
{
	return (code[0] & 3) == 3 ? 4 : 2;
}

// addi rd, zero, imm and its 16-bit form.
static bool load_small(const uint8_t *code, size_t left, struct code_immediate *found)
{
	uint32_t word = code[0] | code[1] << 8;

	if (length_at(code) == 2 && (word & 0xe003) == 0x4001) { // c.li
		*found = (struct code_immediate){
			.length = 2,
			.mask = CI_TYPE,
			.value = (int64_t)((word >> 2 & 0x1f) | (word & 0x1000 ? ~UINT64_C(0x1f) : 0))};
		return true;
	}
	if (left < 4 || length_at(code) != 4)
		return false;
	word = word_at(code);
	if ((word & 0xff07f) != 0x00013) // addi, rs1 zero
		return false;
	*found = (struct code_immediate){.length = 4, .mask = I_TYPE, .value = (int32_t)word >> 20};
	return true;
}

// lui rd, hi; addi or addiw rd, rd, lo: numbers of more than 12 bits, both halves in one field of eight bytes.
static bool load_pair(const uint8_t *code, size_t left, struct code_immediate *found)
{
	uint32_t high, low;

	if (left < 8 || length_at(code) != 4 || length_at(code + 4) != 4)
		return false;
	high = word_at(code);
	low = word_at(code + 4);
	if ((high & 0x7f) != 0x37 || ((low & 0x707f) != 0x0013 && (low & 0x707f) != 0x001b) ||
	    (low >> 7 & 31) != (high >> 7 & 31) || (low >> 15 & 31) != (high >> 7 & 31))
		return false;
	*found =
		(struct code_immediate){.length = 8,
					.mask = (uint64_t)I_TYPE << 32 | U_TYPE,
					.value = (int32_t)((high & U_TYPE) + (uint32_t)((int32_t)low >> 20))};
	return true;
}

static bool immediate_at(const uint8_t *code, size_t size, size_t at, struct code_immediate *found)
{
	for (size_t start = 0; start <= at && size - start >= 2; start += length_at(code + start)) {
		if (!load_pair(code + start, size - start, found) &&
		    !load_small(code + start, size - start, found))
			continue;
		found->start = start;
		if (at < start + found->length)
			return true;
	}
	return false;
}

// Assemblers that relax leave no distance unrelocated, those that do not resolve all of these.
static bool distance(const uint8_t *code, size_t left, struct code_distance *found)
{
	uint32_t word;

	if (left < 2)
		return false;
	*found = (struct code_distance){.length = (uint8_t)length_at(code)};
	if (found->length > left)
		return false;
	if (found->length != 4)
		return true;
	word = word_at(code);
	if ((word & 0x7f) == 0x6f) { // jal
		int32_t sign = (int32_t)word >> 31;

		found->type = R_RISCV_JAL;
		found->distance = (int64_t)((uint64_t)(int64_t)sign << 20 | (word >> 12 & 0xff) << 12 |
					    (word >> 20 & 1) << 11 | (word >> 21 & 0x3ff) << 1);
	}
	return true;
}

const struct arch arch_riscv64 = {
	.name = "riscv64",
	.machine = EM_RISCV,
	.big_endian = false,
	.pointer_size = 8,
	.relocs = relocs,
	.reloc_count = sizeof(relocs) / sizeof(relocs[0]),
	.immediate_at = immediate_at,
	.distance = distance,
	.bfd_arch = bfd_arch_riscv,
	.bfd_mach = bfd_mach_riscv64,
};
