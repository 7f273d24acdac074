// SPDX-License-Identifier: GPL-3.0-or-later
// AArch64: relocations of "ELF for the Arm 64-bit Architecture" (AAELF64), tables 5.7.4 to 5.7.11. Instructions are
// 32-bit units, little-endian whatever the data is; the masks name the immediate's bits in the instruction.
#include "arch/arch.h"

#include <bfd.h>
#include <elf.h>

#define R(number, text, what, bytes, bits, ...)                                                              \
	{                                                                                                    \
		.type = number, .name = "R_AARCH64_" text, .kind = what, .size = bytes, .mask = bits,        \
		__VA_ARGS__                                                                                  \
	}
#define DATA(number, text, what, bytes)                                                                      \
	R(number, text, what, bytes, bytes == 8 ? UINT64_MAX : ((uint64_t)1 << bytes * 8) - 1)
#define TLS(number, text, bits, model) R(number, text, RELOC_TLS, 4, bits, .tls = model, .relaxable = true)

// Immediate fields of the instruction classes (Arm ARM, C4 "A64 instruction set encoding").
#define ADR     0x60ffffe0u // immlo 30:29, immhi 23:5
#define IMM12   0x003ffc00u // ADD (immediate), LDR/STR (unsigned offset)
#define MOVW    0x001fffe0u // imm16
#define MOVW_OP 0x601fffe0u // imm16 and the bits that choose MOVN or MOVZ
#define IMM19   0x00ffffe0u // B.cond, CBZ, LDR (literal)
#define IMM14   0x0007ffe0u // TBZ
#define IMM26   0x03ffffffu // B, BL

static const struct reloc_info relocs[] = {
	R(0, "NONE", RELOC_NONE, 0, 0),
	R(256, "NONE_WITHDRAWN", RELOC_NONE, 0, 0),
	DATA(257, "ABS64", RELOC_ABSOLUTE, 8),
	DATA(258, "ABS32", RELOC_ABSOLUTE, 4),
	DATA(259, "ABS16", RELOC_ABSOLUTE, 2),
	DATA(260, "PREL64", RELOC_RELATIVE, 8),
	DATA(261, "PREL32", RELOC_RELATIVE, 4),
	DATA(262, "PREL16", RELOC_RELATIVE, 2),
	R(263, "MOVW_UABS_G0", RELOC_ABSOLUTE, 4, MOVW),
	R(264, "MOVW_UABS_G0_NC", RELOC_ABSOLUTE, 4, MOVW),
	R(265, "MOVW_UABS_G1", RELOC_ABSOLUTE, 4, MOVW),
	R(266, "MOVW_UABS_G1_NC", RELOC_ABSOLUTE, 4, MOVW),
	R(267, "MOVW_UABS_G2", RELOC_ABSOLUTE, 4, MOVW),
	R(268, "MOVW_UABS_G2_NC", RELOC_ABSOLUTE, 4, MOVW),
	R(269, "MOVW_UABS_G3", RELOC_ABSOLUTE, 4, MOVW),
	R(270, "MOVW_SABS_G0", RELOC_ABSOLUTE, 4, MOVW_OP),
	R(271, "MOVW_SABS_G1", RELOC_ABSOLUTE, 4, MOVW_OP),
	R(272, "MOVW_SABS_G2", RELOC_ABSOLUTE, 4, MOVW_OP),
	R(273, "LD_PREL_LO19", RELOC_RELATIVE, 4, IMM19),
	R(274, "ADR_PREL_LO21", RELOC_RELATIVE, 4, ADR),
	R(275, "ADR_PREL_PG_HI21", RELOC_RELATIVE, 4, ADR),
	R(276, "ADR_PREL_PG_HI21_NC", RELOC_RELATIVE, 4, ADR),
	R(277, "ADD_ABS_LO12_NC", RELOC_ABSOLUTE, 4, IMM12),
	R(278, "LDST8_ABS_LO12_NC", RELOC_ABSOLUTE, 4, IMM12),
	R(279, "TSTBR14", RELOC_CALL, 4, IMM14),
	R(280, "CONDBR19", RELOC_CALL, 4, IMM19),
	R(282, "JUMP26", RELOC_CALL, 4, IMM26),
	R(283, "CALL26", RELOC_CALL, 4, IMM26),
	R(284, "LDST16_ABS_LO12_NC", RELOC_ABSOLUTE, 4, IMM12),
	R(285, "LDST32_ABS_LO12_NC", RELOC_ABSOLUTE, 4, IMM12),
	R(286, "LDST64_ABS_LO12_NC", RELOC_ABSOLUTE, 4, IMM12),
	R(287, "MOVW_PREL_G0", RELOC_RELATIVE, 4, MOVW_OP),
	R(288, "MOVW_PREL_G0_NC", RELOC_RELATIVE, 4, MOVW),
	R(289, "MOVW_PREL_G1", RELOC_RELATIVE, 4, MOVW_OP),
	R(290, "MOVW_PREL_G1_NC", RELOC_RELATIVE, 4, MOVW),
	R(291, "MOVW_PREL_G2", RELOC_RELATIVE, 4, MOVW_OP),
	R(292, "MOVW_PREL_G2_NC", RELOC_RELATIVE, 4, MOVW),
	R(293, "MOVW_PREL_G3", RELOC_RELATIVE, 4, MOVW_OP),
	R(299, "LDST128_ABS_LO12_NC", RELOC_ABSOLUTE, 4, IMM12),
	R(300, "MOVW_GOTOFF_G0", RELOC_GOT, 4, MOVW_OP),
	R(301, "MOVW_GOTOFF_G0_NC", RELOC_GOT, 4, MOVW),
	R(302, "MOVW_GOTOFF_G1", RELOC_GOT, 4, MOVW_OP),
	R(303, "MOVW_GOTOFF_G1_NC", RELOC_GOT, 4, MOVW),
	R(304, "MOVW_GOTOFF_G2", RELOC_GOT, 4, MOVW_OP),
	R(305, "MOVW_GOTOFF_G2_NC", RELOC_GOT, 4, MOVW),
	R(306, "MOVW_GOTOFF_G3", RELOC_GOT, 4, MOVW_OP),
	DATA(307, "GOTREL64", RELOC_GOT_BASE, 8),
	DATA(308, "GOTREL32", RELOC_GOT_BASE, 4),
	R(309, "GOT_LD_PREL19", RELOC_GOT, 4, IMM19, .relaxable = true),
	R(310, "LD64_GOTOFF_LO15", RELOC_GOT, 4, IMM12),
	R(311, "ADR_GOT_PAGE", RELOC_GOT, 4, ADR, .relaxable = true),
	R(312, "LD64_GOT_LO12_NC", RELOC_GOT, 4, IMM12, .relaxable = true),
	R(313, "LD64_GOTPAGE_LO15", RELOC_GOT, 4, IMM12, .relaxable = true),
	DATA(314, "PLT32", RELOC_CALL, 4),
	DATA(315, "GOTPCREL32", RELOC_GOT, 4),
	TLS(512, "TLSGD_ADR_PREL21", ADR, TLS_GENERAL_DYNAMIC),
	TLS(513, "TLSGD_ADR_PAGE21", ADR, TLS_GENERAL_DYNAMIC),
	TLS(514, "TLSGD_ADD_LO12_NC", IMM12, TLS_GENERAL_DYNAMIC),
	TLS(515, "TLSGD_MOVW_G1", MOVW_OP, TLS_GENERAL_DYNAMIC),
	TLS(516, "TLSGD_MOVW_G0_NC", MOVW, TLS_GENERAL_DYNAMIC),
	TLS(517, "TLSLD_ADR_PREL21", ADR, TLS_LOCAL_DYNAMIC),
	TLS(518, "TLSLD_ADR_PAGE21", ADR, TLS_LOCAL_DYNAMIC),
	TLS(519, "TLSLD_ADD_LO12_NC", IMM12, TLS_LOCAL_DYNAMIC),
	TLS(520, "TLSLD_MOVW_G1", MOVW_OP, TLS_LOCAL_DYNAMIC),
	TLS(521, "TLSLD_MOVW_G0_NC", MOVW, TLS_LOCAL_DYNAMIC),
	TLS(522, "TLSLD_LD_PREL19", IMM19, TLS_LOCAL_DYNAMIC),
	TLS(523, "TLSLD_MOVW_DTPREL_G2", MOVW_OP, TLS_DTP_OFFSET),
	TLS(524, "TLSLD_MOVW_DTPREL_G1", MOVW_OP, TLS_DTP_OFFSET),
	TLS(525, "TLSLD_MOVW_DTPREL_G1_NC", MOVW, TLS_DTP_OFFSET),
	TLS(526, "TLSLD_MOVW_DTPREL_G0", MOVW_OP, TLS_DTP_OFFSET),
	TLS(527, "TLSLD_MOVW_DTPREL_G0_NC", MOVW, TLS_DTP_OFFSET),
	TLS(528, "TLSLD_ADD_DTPREL_HI12", IMM12, TLS_DTP_OFFSET),
	TLS(529, "TLSLD_ADD_DTPREL_LO12", IMM12, TLS_DTP_OFFSET),
	TLS(530, "TLSLD_ADD_DTPREL_LO12_NC", IMM12, TLS_DTP_OFFSET),
	TLS(531, "TLSLD_LDST8_DTPREL_LO12", IMM12, TLS_DTP_OFFSET),
	TLS(532, "TLSLD_LDST8_DTPREL_LO12_NC", IMM12, TLS_DTP_OFFSET),
	TLS(533, "TLSLD_LDST16_DTPREL_LO12", IMM12, TLS_DTP_OFFSET),
	TLS(534, "TLSLD_LDST16_DTPREL_LO12_NC", IMM12, TLS_DTP_OFFSET),
	TLS(535, "TLSLD_LDST32_DTPREL_LO12", IMM12, TLS_DTP_OFFSET),
	TLS(536, "TLSLD_LDST32_DTPREL_LO12_NC", IMM12, TLS_DTP_OFFSET),
	TLS(537, "TLSLD_LDST64_DTPREL_LO12", IMM12, TLS_DTP_OFFSET),
	TLS(538, "TLSLD_LDST64_DTPREL_LO12_NC", IMM12, TLS_DTP_OFFSET),
	TLS(539, "TLSIE_MOVW_GOTTPREL_G1", MOVW_OP, TLS_INITIAL_EXEC),
	TLS(540, "TLSIE_MOVW_GOTTPREL_G0_NC", MOVW, TLS_INITIAL_EXEC),
	TLS(541, "TLSIE_ADR_GOTTPREL_PAGE21", ADR, TLS_INITIAL_EXEC),
	TLS(542, "TLSIE_LD64_GOTTPREL_LO12_NC", IMM12, TLS_INITIAL_EXEC),
	TLS(543, "TLSIE_LD_GOTTPREL_PREL19", IMM19, TLS_INITIAL_EXEC),
	TLS(544, "TLSLE_MOVW_TPREL_G2", MOVW_OP, TLS_LOCAL_EXEC),
	TLS(545, "TLSLE_MOVW_TPREL_G1", MOVW_OP, TLS_LOCAL_EXEC),
	TLS(546, "TLSLE_MOVW_TPREL_G1_NC", MOVW, TLS_LOCAL_EXEC),
	TLS(547, "TLSLE_MOVW_TPREL_G0", MOVW_OP, TLS_LOCAL_EXEC),
	TLS(548, "TLSLE_MOVW_TPREL_G0_NC", MOVW, TLS_LOCAL_EXEC),
	TLS(549, "TLSLE_ADD_TPREL_HI12", IMM12, TLS_LOCAL_EXEC),
	TLS(550, "TLSLE_ADD_TPREL_LO12", IMM12, TLS_LOCAL_EXEC),
	TLS(551, "TLSLE_ADD_TPREL_LO12_NC", IMM12, TLS_LOCAL_EXEC),
	TLS(552, "TLSLE_LDST8_TPREL_LO12", IMM12, TLS_LOCAL_EXEC),
	TLS(553, "TLSLE_LDST8_TPREL_LO12_NC", IMM12, TLS_LOCAL_EXEC),
	TLS(554, "TLSLE_LDST16_TPREL_LO12", IMM12, TLS_LOCAL_EXEC),
	TLS(555, "TLSLE_LDST16_TPREL_LO12_NC", IMM12, TLS_LOCAL_EXEC),
	TLS(556, "TLSLE_LDST32_TPREL_LO12", IMM12, TLS_LOCAL_EXEC),
	TLS(557, "TLSLE_LDST32_TPREL_LO12_NC", IMM12, TLS_LOCAL_EXEC),
	TLS(558, "TLSLE_LDST64_TPREL_LO12", IMM12, TLS_LOCAL_EXEC),
	TLS(559, "TLSLE_LDST64_TPREL_LO12_NC", IMM12, TLS_LOCAL_EXEC),
	TLS(560, "TLSDESC_LD_PREL19", IMM19, TLS_DESCRIPTOR),
	TLS(561, "TLSDESC_ADR_PREL21", ADR, TLS_DESCRIPTOR),
	TLS(562, "TLSDESC_ADR_PAGE21", ADR, TLS_DESCRIPTOR),
	TLS(563, "TLSDESC_LD64_LO12", IMM12, TLS_DESCRIPTOR),
	TLS(564, "TLSDESC_ADD_LO12", IMM12, TLS_DESCRIPTOR),
	TLS(565, "TLSDESC_OFF_G1", MOVW_OP, TLS_DESCRIPTOR),
	TLS(566, "TLSDESC_OFF_G0_NC", MOVW, TLS_DESCRIPTOR),
	R(567, "TLSDESC_LDR", RELOC_HINT, 0, 0, .tls = TLS_DESCRIPTOR, .relaxable = true),
	R(568, "TLSDESC_ADD", RELOC_HINT, 0, 0, .tls = TLS_DESCRIPTOR, .relaxable = true),
	R(569, "TLSDESC_CALL", RELOC_HINT, 0, 0, .tls = TLS_DESCRIPTOR, .relaxable = true),
	TLS(570, "TLSLE_LDST128_TPREL_LO12", IMM12, TLS_LOCAL_EXEC),
	TLS(571, "TLSLE_LDST128_TPREL_LO12_NC", IMM12, TLS_LOCAL_EXEC),
	TLS(572, "TLSLD_LDST128_DTPREL_LO12", IMM12, TLS_DTP_OFFSET),
	TLS(573, "TLSLD_LDST128_DTPREL_LO12_NC", IMM12, TLS_DTP_OFFSET),
	DATA(1024, "COPY", RELOC_NONE, 0),
	DATA(1025, "GLOB_DAT", RELOC_ABSOLUTE, 8),
	DATA(1026, "JUMP_SLOT", RELOC_ABSOLUTE, 8),
	DATA(1027, "RELATIVE", RELOC_ABSOLUTE, 8),
	DATA(1028, "TLS_DTPMOD", RELOC_TLS, 8),
	DATA(1029, "TLS_DTPREL", RELOC_TLS, 8),
	DATA(1030, "TLS_TPREL", RELOC_TLS, 8),
	DATA(1031, "TLSDESC", RELOC_TLS, 8),
	DATA(1032, "IRELATIVE", RELOC_ABSOLUTE, 8),
};

static uint32_t word_at(const uint8_t *code)
{
	return code[0] | code[1] << 8 | code[2] << 16 | (uint32_t)code[3] << 24;
}

static int64_t sign_extend(uint32_t value, unsigned bits)
{
	return (int64_t)(value ^ 1u << (bits - 1)) - (int64_t)(1u << (bits - 1));
}

// Arm ARM, C6.2 "LDR (literal)", "LDRSW (literal)", C7.2: of general and of vector registers; 0: prefetch.
static uint8_t loaded_bytes(uint32_t word)
{
	static const uint8_t general[] = {4, 8, 4, 0}, vector[] = {4, 8, 16, 0};

	return (word & 1u << 26 ? vector : general)[word >> 30];
}

// Arm ARM, C4.1: branches, loads of literals, adr. adrp counts pages of the linked program and is always relocated.
static bool distance(const uint8_t *code, size_t left, struct code_distance *found)
{
	uint32_t word;

	if (left < 4)
		return false;
	*found = (struct code_distance){.length = 4};
	word = word_at(code);
	if ((word & 0x7c000000) == 0x14000000) { // b, bl
		found->type = word >> 31 ? R_AARCH64_CALL26 : R_AARCH64_JUMP26;
		found->distance = sign_extend(word & IMM26, 26) * 4;
	} else if ((word & 0xff000000) == 0x54000000 ||
		   (word & 0x7e000000) == 0x34000000) { // b.cond, cbz, cbnz
		found->type = R_AARCH64_CONDBR19;
		found->distance = sign_extend(word >> 5 & 0x7ffff, 19) * 4;
	} else if ((word & 0x7e000000) == 0x36000000) { // tbz, tbnz
		found->type = R_AARCH64_TSTBR14;
		found->distance = sign_extend(word >> 5 & 0x3fff, 14) * 4;
	} else if ((word & 0x3b000000) == 0x18000000) { // ldr (literal)
		found->type = R_AARCH64_LD_PREL_LO19;
		found->loads = loaded_bytes(word);
		found->distance = sign_extend(word >> 5 & 0x7ffff, 19) * 4;
	} else if ((word & 0x9f000000) == 0x10000000) { // adr
		found->type = R_AARCH64_ADR_PREL_LO21;
		found->distance = sign_extend((word >> 5 & 0x7ffff) << 2 | (word >> 29 & 3), 21);
	}
	return true;
}

// movz rd, imm16 without shift: what a line number up to 65535 is passed with.
static bool immediate_at(const uint8_t *code, size_t size, size_t at, struct code_immediate *found)
{
	size_t start = at & ~(size_t)3;
	uint32_t word;

	if (size - start < 4)
		return false;
	word = word_at(code + start);
	*found = (struct code_immediate){
		.start = start, .length = 4, .mask = MOVW, .value = word >> 5 & 0xffff};
	return (word & 0x7fe00000) == 0x52800000;
}

// No PC-relative field counts from the end of its instruction here: .pc_bias stays NULL.
const struct arch arch_aarch64 = {
	.name = "aarch64",
	.machine = EM_AARCH64,
	.big_endian = false,
	.pointer_size = 8,
	.relocs = relocs,
	.reloc_count = sizeof(relocs) / sizeof(relocs[0]),
	.immediate_at = immediate_at,
	.distance = distance,
	.filler = 0xd503201f, // nop
	.bfd_arch = bfd_arch_aarch64,
	.bfd_mach = bfd_mach_aarch64,
};
