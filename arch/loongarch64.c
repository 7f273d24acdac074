// SPDX-License-Identifier: GPL-3.0-or-later
// loongarch64: relocations of "ELF for the LoongArch Architecture", section "Relocations". Types 20 to 46 are a stack
// machine that compilers stopped using in 2022; what they fill is in the POP types, the others have no field.
#include "arch/arch.h"

#include <bfd.h>
#include <elf.h>

#define R(number, text, what, bytes, bits, ...)                                                              \
	{                                                                                                    \
		.type = number, .name = "R_LARCH_" text, .kind = what, .size = bytes, .mask = bits,          \
		__VA_ARGS__                                                                                  \
	}
#define FULL(bytes)                          (bytes == 8 ? UINT64_MAX : ((uint64_t)1 << bytes * 8) - 1)
#define DATA(number, text, what, bytes, ...) R(number, text, what, bytes, FULL(bytes), __VA_ARGS__)
#define TLS(number, text, bits, model)       R(number, text, RELOC_TLS, 4, bits, .tls = model, .relaxable = true)
#define RELAXABLE                            .relaxable = true

#ifndef EM_LOONGARCH
#define EM_LOONGARCH 258
#endif
#define TYPE_B16 64 // not in the elf.h of older C libraries
#define TYPE_B21 65
#define TYPE_B26 66

// Immediate fields (LoongArch Reference Manual, volume 1, section 1.2).
#define SI12   0x003ffc00u
#define SI16   0x03fffc00u
#define SI20   0x01ffffe0u
#define OFFS21 0x03fffc1fu
#define OFFS26 0x03ffffffu
#define CALL36 0x03fffc0001ffffe0u // pcaddu18i and the jirl behind it

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
	DATA(12, "IRELATIVE", RELOC_ABSOLUTE, 8),
	R(20, "MARK_LA", RELOC_HINT, 0, 0),
	R(21, "MARK_PCREL", RELOC_HINT, 0, 0),
	R(22, "SOP_PUSH_PCREL", RELOC_HINT, 0, 0),
	R(23, "SOP_PUSH_ABSOLUTE", RELOC_HINT, 0, 0),
	R(24, "SOP_PUSH_DUP", RELOC_HINT, 0, 0),
	R(25, "SOP_PUSH_GPREL", RELOC_HINT, 0, 0),
	R(26, "SOP_PUSH_TLS_TPREL", RELOC_HINT, 0, 0),
	R(27, "SOP_PUSH_TLS_GOT", RELOC_HINT, 0, 0),
	R(28, "SOP_PUSH_TLS_GD", RELOC_HINT, 0, 0),
	R(29, "SOP_PUSH_PLT_PCREL", RELOC_HINT, 0, 0),
	R(30, "SOP_ASSERT", RELOC_HINT, 0, 0),
	R(31, "SOP_NOT", RELOC_HINT, 0, 0),
	R(32, "SOP_SUB", RELOC_HINT, 0, 0),
	R(33, "SOP_SL", RELOC_HINT, 0, 0),
	R(34, "SOP_SR", RELOC_HINT, 0, 0),
	R(35, "SOP_ADD", RELOC_HINT, 0, 0),
	R(36, "SOP_AND", RELOC_HINT, 0, 0),
	R(37, "SOP_IF_ELSE", RELOC_HINT, 0, 0),
	R(38, "SOP_POP_32_S_10_5", RELOC_ABSOLUTE, 4, 0x00007c00u),
	R(39, "SOP_POP_32_U_10_12", RELOC_ABSOLUTE, 4, SI12),
	R(40, "SOP_POP_32_S_10_12", RELOC_ABSOLUTE, 4, SI12),
	R(41, "SOP_POP_32_S_10_16", RELOC_ABSOLUTE, 4, SI16),
	R(42, "SOP_POP_32_S_10_16_S2", RELOC_ABSOLUTE, 4, SI16),
	R(43, "SOP_POP_32_S_5_20", RELOC_ABSOLUTE, 4, SI20),
	R(44, "SOP_POP_32_S_0_5_10_16_S2", RELOC_ABSOLUTE, 4, OFFS21),
	R(45, "SOP_POP_32_S_0_10_10_16_S2", RELOC_ABSOLUTE, 4, OFFS26),
	R(46, "SOP_POP_32_U", RELOC_ABSOLUTE, 4, UINT32_MAX),
	DATA(47, "ADD8", RELOC_ABSOLUTE, 1),
	DATA(48, "ADD16", RELOC_ABSOLUTE, 2),
	R(49, "ADD24", RELOC_ABSOLUTE, 4, 0x00ffffffu),
	DATA(50, "ADD32", RELOC_ABSOLUTE, 4),
	DATA(51, "ADD64", RELOC_ABSOLUTE, 8),
	DATA(52, "SUB8", RELOC_ABSOLUTE, 1),
	DATA(53, "SUB16", RELOC_ABSOLUTE, 2),
	R(54, "SUB24", RELOC_ABSOLUTE, 4, 0x00ffffffu),
	DATA(55, "SUB32", RELOC_ABSOLUTE, 4),
	DATA(56, "SUB64", RELOC_ABSOLUTE, 8),
	R(57, "GNU_VTINHERIT", RELOC_NONE, 0, 0),
	R(58, "GNU_VTENTRY", RELOC_NONE, 0, 0),
	R(64, "B16", RELOC_CALL, 4, SI16),
	R(65, "B21", RELOC_CALL, 4, OFFS21),
	R(66, "B26", RELOC_CALL, 4, OFFS26),
	R(67, "ABS_HI20", RELOC_ABSOLUTE, 4, SI20),
	R(68, "ABS_LO12", RELOC_ABSOLUTE, 4, SI12),
	R(69, "ABS64_LO20", RELOC_ABSOLUTE, 4, SI20),
	R(70, "ABS64_HI12", RELOC_ABSOLUTE, 4, SI12),
	R(71, "PCALA_HI20", RELOC_RELATIVE, 4, SI20, RELAXABLE),
	R(72, "PCALA_LO12", RELOC_RELATIVE, 4, SI12, RELAXABLE),
	R(73, "PCALA64_LO20", RELOC_RELATIVE, 4, SI20, RELAXABLE),
	R(74, "PCALA64_HI12", RELOC_RELATIVE, 4, SI12, RELAXABLE),
	R(75, "GOT_PC_HI20", RELOC_GOT, 4, SI20, RELAXABLE),
	R(76, "GOT_PC_LO12", RELOC_GOT, 4, SI12, RELAXABLE),
	R(77, "GOT64_PC_LO20", RELOC_GOT, 4, SI20, RELAXABLE),
	R(78, "GOT64_PC_HI12", RELOC_GOT, 4, SI12, RELAXABLE),
	R(79, "GOT_HI20", RELOC_GOT, 4, SI20, RELAXABLE),
	R(80, "GOT_LO12", RELOC_GOT, 4, SI12, RELAXABLE),
	R(81, "GOT64_LO20", RELOC_GOT, 4, SI20, RELAXABLE),
	R(82, "GOT64_HI12", RELOC_GOT, 4, SI12, RELAXABLE),
	TLS(83, "TLS_LE_HI20", SI20, TLS_LOCAL_EXEC),
	TLS(84, "TLS_LE_LO12", SI12, TLS_LOCAL_EXEC),
	TLS(85, "TLS_LE64_LO20", SI20, TLS_LOCAL_EXEC),
	TLS(86, "TLS_LE64_HI12", SI12, TLS_LOCAL_EXEC),
	TLS(87, "TLS_IE_PC_HI20", SI20, TLS_INITIAL_EXEC),
	TLS(88, "TLS_IE_PC_LO12", SI12, TLS_INITIAL_EXEC),
	TLS(89, "TLS_IE64_PC_LO20", SI20, TLS_INITIAL_EXEC),
	TLS(90, "TLS_IE64_PC_HI12", SI12, TLS_INITIAL_EXEC),
	TLS(91, "TLS_IE_HI20", SI20, TLS_INITIAL_EXEC),
	TLS(92, "TLS_IE_LO12", SI12, TLS_INITIAL_EXEC),
	TLS(93, "TLS_IE64_LO20", SI20, TLS_INITIAL_EXEC),
	TLS(94, "TLS_IE64_HI12", SI12, TLS_INITIAL_EXEC),
	TLS(95, "TLS_LD_PC_HI20", SI20, TLS_LOCAL_DYNAMIC),
	TLS(96, "TLS_LD_HI20", SI20, TLS_LOCAL_DYNAMIC),
	TLS(97, "TLS_GD_PC_HI20", SI20, TLS_GENERAL_DYNAMIC),
	TLS(98, "TLS_GD_HI20", SI20, TLS_GENERAL_DYNAMIC),
	DATA(99, "32_PCREL", RELOC_RELATIVE, 4),
	R(100, "RELAX", RELOC_HINT, 0, 0, RELAXABLE),
	R(101, "DELETE", RELOC_HINT, 0, 0),
	R(102, "ALIGN", RELOC_HINT, 0, 0, RELAXABLE),
	R(103, "PCREL20_S2", RELOC_RELATIVE, 4, SI20, RELAXABLE),
	R(104, "CFA", RELOC_HINT, 0, 0),
	R(105, "ADD6", RELOC_ABSOLUTE, 1, 0x3f),
	R(106, "SUB6", RELOC_ABSOLUTE, 1, 0x3f),
	DATA(107, "ADD_ULEB128", RELOC_ABSOLUTE, 1),
	DATA(108, "SUB_ULEB128", RELOC_ABSOLUTE, 1),
	DATA(109, "64_PCREL", RELOC_RELATIVE, 8),
	R(110, "CALL36", RELOC_CALL, 8, CALL36, RELAXABLE),
	TLS(111, "TLS_DESC_PC_HI20", SI20, TLS_DESCRIPTOR),
	TLS(112, "TLS_DESC_PC_LO12", SI12, TLS_DESCRIPTOR),
	TLS(113, "TLS_DESC64_PC_LO20", SI20, TLS_DESCRIPTOR),
	TLS(114, "TLS_DESC64_PC_HI12", SI12, TLS_DESCRIPTOR),
	TLS(115, "TLS_DESC_HI20", SI20, TLS_DESCRIPTOR),
	TLS(116, "TLS_DESC_LO12", SI12, TLS_DESCRIPTOR),
	TLS(117, "TLS_DESC64_LO20", SI20, TLS_DESCRIPTOR),
	TLS(118, "TLS_DESC64_HI12", SI12, TLS_DESCRIPTOR),
	R(119, "TLS_DESC_LD", RELOC_HINT, 0, 0, .tls = TLS_DESCRIPTOR, RELAXABLE),
	R(120, "TLS_DESC_CALL", RELOC_HINT, 0, 0, .tls = TLS_DESCRIPTOR, RELAXABLE),
	TLS(121, "TLS_LE_HI20_R", SI20, TLS_LOCAL_EXEC),
	R(122, "TLS_LE_ADD_R", RELOC_HINT, 0, 0, .tls = TLS_LOCAL_EXEC, RELAXABLE),
	TLS(123, "TLS_LE_LO12_R", SI12, TLS_LOCAL_EXEC),
	TLS(124, "TLS_LD_PCREL20_S2", SI20, TLS_LOCAL_DYNAMIC),
	TLS(125, "TLS_GD_PCREL20_S2", SI20, TLS_GENERAL_DYNAMIC),
	TLS(126, "TLS_DESC_PCREL20_S2", SI20, TLS_DESCRIPTOR),
};

static uint32_t word_at(const uint8_t *code)
{
	return code[0] | code[1] << 8 | code[2] << 16 | (uint32_t)code[3] << 24;
}

static int64_t sign_extend(uint32_t value, unsigned bits)
{
	return (int64_t)(value ^ 1u << (bits - 1)) - (int64_t)(1u << (bits - 1));
}

static bool distance(const uint8_t *code, size_t left, struct code_distance *found)
{
	uint32_t word, low;

	if (left < 4)
		return false;
	*found = (struct code_distance){.length = 4};
	word = word_at(code);
	low = word >> 10 & 0xffff;
	switch (word >> 26) {
	case 0x10: // beqz, bnez, bceqz, bcnez
	case 0x11:
	case 0x12:
		found->type = TYPE_B21;
		found->distance = sign_extend(low | (word & 0x1f) << 16, 21) * 4;
		break;
	case 0x14: // b
	case 0x15: // bl
		found->type = TYPE_B26;
		found->distance = sign_extend(low | (word & 0x3ff) << 16, 26) * 4;
		break;
	case 0x16: // beq, bne, blt, bge, bltu, bgeu
	case 0x17:
	case 0x18:
	case 0x19:
	case 0x1a:
	case 0x1b:
		found->type = TYPE_B16;
		found->distance = sign_extend(low, 16) * 4;
		break;
	}
	return true;
}

// addi.w or addi.d rd, $zero, si12 and ori rd, $zero, ui12.
static bool load_small(uint32_t word, struct code_immediate *found)
{
	if (word >> 5 & 31)
		return false;
	if (word >> 22 == 0x00a || word >> 22 == 0x00b)
		found->value = sign_extend(word >> 10 & 0xfff, 12);
	else if (word >> 22 == 0x00e)
		found->value = word >> 10 & 0xfff;
	else
		return false;
	found->length = 4;
	found->mask = SI12;
	return true;
}

// lu12i.w rd, si20; ori rd, rd, ui12: both in one field of eight bytes.
static bool load_pair(uint32_t high, uint32_t low, struct code_immediate *found)
{
	if (high >> 25 != 0x0a || low >> 22 != 0x00e || (low & 31) != (high & 31) ||
	    (low >> 5 & 31) != (high & 31))
		return false;
	found->length = 8;
	found->mask = (uint64_t)SI12 << 32 | SI20;
	found->value = sign_extend(high >> 5 & 0xfffff, 20) * 4096 + (low >> 10 & 0xfff);
	return true;
}

static bool immediate_at(const uint8_t *code, size_t size, size_t at, struct code_immediate *found)
{
	size_t start = at & ~(size_t)3;

	*found = (struct code_immediate){.start = start};
	if (size - start < 4)
		return false;
	if (load_small(word_at(code + start), found))
		return true;
	if (size - start >= 8 && load_pair(word_at(code + start), word_at(code + start + 4), found))
		return true;
	found->start = start - 4;
	return start >= 4 && load_pair(word_at(code + start - 4), word_at(code + start), found);
}

const struct arch arch_loongarch64 = {
	.name = "loongarch64",
	.machine = EM_LOONGARCH,
	.big_endian = false,
	.pointer_size = 8,
	.relocs = relocs,
	.reloc_count = sizeof(relocs) / sizeof(relocs[0]),
	.immediate_at = immediate_at,
	.distance = distance,
	.bfd_arch = bfd_arch_loongarch,
	.bfd_mach = bfd_mach_loongarch64,
};
