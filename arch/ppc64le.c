// SPDX-License-Identifier: GPL-3.0-or-later
// ppc64le (ELFv2): relocations of the "64-Bit ELF V2 ABI Specification, Power Architecture", section 3.5.3. Types
// that only POWER10 prefixed instructions use (128 and up) are not here: an object with one is refused as unknown.
#include "arch/arch.h"

#include <bfd.h>
#include <elf.h>

#ifndef EM_PPC64
#define EM_PPC64 21
#endif

#define R(number, text, what, bytes, bits, ...)                                                              \
	{                                                                                                    \
		.type = number, .name = "R_PPC64_" text, .kind = what, .size = bytes, .mask = bits,          \
		__VA_ARGS__                                                                                  \
	}
#define HALF 0xffffu     // the low halfword of an instruction
#define DS   0xfffcu     // the same without the two opcode bits of DS-form loads and stores
#define LI24 0x03fffffcu // I-form branch
#define BD14 0x0000fffcu // B-form branch

static const struct reloc_info relocs[] = {
	R(0, "NONE", RELOC_NONE, 0, 0),
	R(1, "ADDR32", RELOC_ABSOLUTE, 4, UINT32_MAX),
	R(2, "ADDR24", RELOC_CALL, 4, LI24),
	R(3, "ADDR16", RELOC_ABSOLUTE, 2, HALF),
	R(4, "ADDR16_LO", RELOC_ABSOLUTE, 2, HALF),
	R(5, "ADDR16_HI", RELOC_ABSOLUTE, 2, HALF),
	R(6, "ADDR16_HA", RELOC_ABSOLUTE, 2, HALF),
	R(7, "ADDR14", RELOC_CALL, 4, BD14),
	R(8, "ADDR14_BRTAKEN", RELOC_CALL, 4, BD14),
	R(9, "ADDR14_BRNTAKEN", RELOC_CALL, 4, BD14),
	R(10, "REL24", RELOC_CALL, 4, LI24),
	R(11, "REL14", RELOC_CALL, 4, BD14),
	R(12, "REL14_BRTAKEN", RELOC_CALL, 4, BD14),
	R(13, "REL14_BRNTAKEN", RELOC_CALL, 4, BD14),
	R(14, "GOT16", RELOC_GOT, 2, HALF),
	R(15, "GOT16_LO", RELOC_GOT, 2, HALF),
	R(16, "GOT16_HI", RELOC_GOT, 2, HALF),
	R(17, "GOT16_HA", RELOC_GOT, 2, HALF),
	R(19, "COPY", RELOC_NONE, 0, 0),
	R(20, "GLOB_DAT", RELOC_ABSOLUTE, 8, UINT64_MAX),
	R(21, "JMP_SLOT", RELOC_ABSOLUTE, 8, UINT64_MAX),
	R(22, "RELATIVE", RELOC_ABSOLUTE, 8, UINT64_MAX),
	R(24, "UADDR32", RELOC_ABSOLUTE, 4, UINT32_MAX),
	R(25, "UADDR16", RELOC_ABSOLUTE, 2, HALF),
	R(26, "REL32", RELOC_RELATIVE, 4, UINT32_MAX),
	R(27, "PLT32", RELOC_CALL, 4, UINT32_MAX),
	R(28, "PLTREL32", RELOC_CALL, 4, UINT32_MAX),
	R(29, "PLT16_LO", RELOC_GOT, 2, HALF),
	R(30, "PLT16_HI", RELOC_GOT, 2, HALF),
	R(31, "PLT16_HA", RELOC_GOT, 2, HALF),
	R(37, "ADDR30", RELOC_ABSOLUTE, 4, 0xfffffffcu),
	R(38, "ADDR64", RELOC_ABSOLUTE, 8, UINT64_MAX),
	R(39, "ADDR16_HIGHER", RELOC_ABSOLUTE, 2, HALF),
	R(40, "ADDR16_HIGHERA", RELOC_ABSOLUTE, 2, HALF),
	R(41, "ADDR16_HIGHEST", RELOC_ABSOLUTE, 2, HALF),
	R(42, "ADDR16_HIGHESTA", RELOC_ABSOLUTE, 2, HALF),
	R(43, "UADDR64", RELOC_ABSOLUTE, 8, UINT64_MAX),
	R(44, "REL64", RELOC_RELATIVE, 8, UINT64_MAX),
	R(45, "PLT64", RELOC_CALL, 8, UINT64_MAX),
	R(46, "PLTREL64", RELOC_CALL, 8, UINT64_MAX),
	R(47, "TOC16", RELOC_GOT_BASE, 2, HALF, .relaxable = true),
	R(48, "TOC16_LO", RELOC_GOT_BASE, 2, HALF, .relaxable = true),
	R(49, "TOC16_HI", RELOC_GOT_BASE, 2, HALF, .relaxable = true),
	R(50, "TOC16_HA", RELOC_GOT_BASE, 2, HALF, .relaxable = true),
	R(51, "TOC", RELOC_GOT_BASE, 8, UINT64_MAX),
	R(52, "PLTGOT16", RELOC_GOT, 2, HALF),
	R(53, "PLTGOT16_LO", RELOC_GOT, 2, HALF),
	R(54, "PLTGOT16_HI", RELOC_GOT, 2, HALF),
	R(55, "PLTGOT16_HA", RELOC_GOT, 2, HALF),
	R(56, "ADDR16_DS", RELOC_ABSOLUTE, 2, DS),
	R(57, "ADDR16_LO_DS", RELOC_ABSOLUTE, 2, DS),
	R(58, "GOT16_DS", RELOC_GOT, 2, DS),
	R(59, "GOT16_LO_DS", RELOC_GOT, 2, DS),
	R(60, "PLT16_LO_DS", RELOC_GOT, 2, DS),
	R(61, "SECTOFF_DS", RELOC_GOT_BASE, 2, DS),
	R(62, "SECTOFF_LO_DS", RELOC_GOT_BASE, 2, DS),
	R(63, "TOC16_DS", RELOC_GOT_BASE, 2, DS, .relaxable = true),
	R(64, "TOC16_LO_DS", RELOC_GOT_BASE, 2, DS, .relaxable = true),
	R(65, "PLTGOT16_DS", RELOC_GOT, 2, DS),
	R(66, "PLTGOT16_LO_DS", RELOC_GOT, 2, DS),
	R(67, "TLS", RELOC_HINT, 0, 0, .relaxable = true),
	R(68, "DTPMOD64", RELOC_TLS, 8, UINT64_MAX, .tls = TLS_GENERAL_DYNAMIC, .relaxable = true),
	R(69, "TPREL16", RELOC_TLS, 2, HALF, .tls = TLS_LOCAL_EXEC, .relaxable = true),
	R(70, "TPREL16_LO", RELOC_TLS, 2, HALF, .tls = TLS_LOCAL_EXEC, .relaxable = true),
	R(71, "TPREL16_HI", RELOC_TLS, 2, HALF, .tls = TLS_LOCAL_EXEC, .relaxable = true),
	R(72, "TPREL16_HA", RELOC_TLS, 2, HALF, .tls = TLS_LOCAL_EXEC, .relaxable = true),
	R(73, "TPREL64", RELOC_TLS, 8, UINT64_MAX, .tls = TLS_LOCAL_EXEC, .relaxable = true),
	R(74, "DTPREL16", RELOC_TLS, 2, HALF, .tls = TLS_DTP_OFFSET, .relaxable = true),
	R(75, "DTPREL16_LO", RELOC_TLS, 2, HALF, .tls = TLS_DTP_OFFSET, .relaxable = true),
	R(76, "DTPREL16_HI", RELOC_TLS, 2, HALF, .tls = TLS_DTP_OFFSET, .relaxable = true),
	R(77, "DTPREL16_HA", RELOC_TLS, 2, HALF, .tls = TLS_DTP_OFFSET, .relaxable = true),
	R(78, "DTPREL64", RELOC_TLS, 8, UINT64_MAX, .tls = TLS_DTP_OFFSET, .relaxable = true),
	R(79, "GOT_TLSGD16", RELOC_TLS, 2, HALF, .tls = TLS_GENERAL_DYNAMIC, .relaxable = true),
	R(80, "GOT_TLSGD16_LO", RELOC_TLS, 2, HALF, .tls = TLS_GENERAL_DYNAMIC, .relaxable = true),
	R(81, "GOT_TLSGD16_HI", RELOC_TLS, 2, HALF, .tls = TLS_GENERAL_DYNAMIC, .relaxable = true),
	R(82, "GOT_TLSGD16_HA", RELOC_TLS, 2, HALF, .tls = TLS_GENERAL_DYNAMIC, .relaxable = true),
	R(83, "GOT_TLSLD16", RELOC_TLS, 2, HALF, .tls = TLS_LOCAL_DYNAMIC, .relaxable = true),
	R(84, "GOT_TLSLD16_LO", RELOC_TLS, 2, HALF, .tls = TLS_LOCAL_DYNAMIC, .relaxable = true),
	R(85, "GOT_TLSLD16_HI", RELOC_TLS, 2, HALF, .tls = TLS_LOCAL_DYNAMIC, .relaxable = true),
	R(86, "GOT_TLSLD16_HA", RELOC_TLS, 2, HALF, .tls = TLS_LOCAL_DYNAMIC, .relaxable = true),
	R(87, "GOT_TPREL16_DS", RELOC_TLS, 2, DS, .tls = TLS_INITIAL_EXEC, .relaxable = true),
	R(88, "GOT_TPREL16_LO_DS", RELOC_TLS, 2, DS, .tls = TLS_INITIAL_EXEC, .relaxable = true),
	R(89, "GOT_TPREL16_HI", RELOC_TLS, 2, HALF, .tls = TLS_INITIAL_EXEC, .relaxable = true),
	R(90, "GOT_TPREL16_HA", RELOC_TLS, 2, HALF, .tls = TLS_INITIAL_EXEC, .relaxable = true),
	R(91, "GOT_DTPREL16_DS", RELOC_TLS, 2, DS, .tls = TLS_DTP_OFFSET, .relaxable = true),
	R(92, "GOT_DTPREL16_LO_DS", RELOC_TLS, 2, DS, .tls = TLS_DTP_OFFSET, .relaxable = true),
	R(93, "GOT_DTPREL16_HI", RELOC_TLS, 2, HALF, .tls = TLS_DTP_OFFSET, .relaxable = true),
	R(94, "GOT_DTPREL16_HA", RELOC_TLS, 2, HALF, .tls = TLS_DTP_OFFSET, .relaxable = true),
	R(95, "TPREL16_DS", RELOC_TLS, 2, DS, .tls = TLS_LOCAL_EXEC, .relaxable = true),
	R(96, "TPREL16_LO_DS", RELOC_TLS, 2, DS, .tls = TLS_LOCAL_EXEC, .relaxable = true),
	R(97, "TPREL16_HIGHER", RELOC_TLS, 2, HALF, .tls = TLS_LOCAL_EXEC, .relaxable = true),
	R(98, "TPREL16_HIGHERA", RELOC_TLS, 2, HALF, .tls = TLS_LOCAL_EXEC, .relaxable = true),
	R(99, "TPREL16_HIGHEST", RELOC_TLS, 2, HALF, .tls = TLS_LOCAL_EXEC, .relaxable = true),
	R(100, "TPREL16_HIGHESTA", RELOC_TLS, 2, HALF, .tls = TLS_LOCAL_EXEC, .relaxable = true),
	R(101, "DTPREL16_DS", RELOC_TLS, 2, DS, .tls = TLS_DTP_OFFSET, .relaxable = true),
	R(102, "DTPREL16_LO_DS", RELOC_TLS, 2, DS, .tls = TLS_DTP_OFFSET, .relaxable = true),
	R(103, "DTPREL16_HIGHER", RELOC_TLS, 2, HALF, .tls = TLS_DTP_OFFSET, .relaxable = true),
	R(104, "DTPREL16_HIGHERA", RELOC_TLS, 2, HALF, .tls = TLS_DTP_OFFSET, .relaxable = true),
	R(105, "DTPREL16_HIGHEST", RELOC_TLS, 2, HALF, .tls = TLS_DTP_OFFSET, .relaxable = true),
	R(106, "DTPREL16_HIGHESTA", RELOC_TLS, 2, HALF, .tls = TLS_DTP_OFFSET, .relaxable = true),
	R(107, "TLSGD", RELOC_HINT, 0, 0, .tls = TLS_GENERAL_DYNAMIC, .relaxable = true),
	R(108, "TLSLD", RELOC_HINT, 0, 0, .tls = TLS_LOCAL_DYNAMIC, .relaxable = true),
	R(109, "TOCSAVE", RELOC_HINT, 0, 0),
	R(110, "ADDR16_HIGH", RELOC_ABSOLUTE, 2, HALF),
	R(111, "ADDR16_HIGHA", RELOC_ABSOLUTE, 2, HALF),
	R(112, "TPREL16_HIGH", RELOC_TLS, 2, HALF, .tls = TLS_LOCAL_EXEC, .relaxable = true),
	R(113, "TPREL16_HIGHA", RELOC_TLS, 2, HALF, .tls = TLS_LOCAL_EXEC, .relaxable = true),
	R(114, "DTPREL16_HIGH", RELOC_TLS, 2, HALF, .tls = TLS_DTP_OFFSET, .relaxable = true),
	R(115, "DTPREL16_HIGHA", RELOC_TLS, 2, HALF, .tls = TLS_DTP_OFFSET, .relaxable = true),
	R(116, "REL24_NOTOC", RELOC_CALL, 4, LI24),
	R(117, "ADDR64_LOCAL", RELOC_ABSOLUTE, 8, UINT64_MAX),
	R(118, "ENTRY", RELOC_HINT, 0, 0),
	R(119, "PLTSEQ", RELOC_HINT, 0, 0),
	R(120, "PLTCALL", RELOC_HINT, 0, 0),
	R(247, "JMP_IREL", RELOC_ABSOLUTE, 8, UINT64_MAX),
	R(248, "IRELATIVE", RELOC_ABSOLUTE, 8, UINT64_MAX),
	R(249, "REL16", RELOC_RELATIVE, 2, HALF),
	R(250, "REL16_LO", RELOC_RELATIVE, 2, HALF),
	R(251, "REL16_HI", RELOC_RELATIVE, 2, HALF),
	R(252, "REL16_HA", RELOC_RELATIVE, 2, HALF),
};

// Feature fixups of the kernel (arch/powerpc/include/asm/feature-fixups.h).
static const struct special_section specials[] = {
	{.name = "__ftr_fixup"},    {.name = "__mmu_ftr_fixup"},        {.name = "__fw_ftr_fixup"},
	{.name = "__lwsync_fixup"}, {.name = "__barrier_nospec_fixup"}, {.name = "__ftr_alt_*"},
};

static uint32_t word_at(const uint8_t *code)
{
	return code[0] | code[1] << 8 | code[2] << 16 | (uint32_t)code[3] << 24;
}

// Power ISA, book I, 2.4: b and bl (I-form), bc (B-form); bit 30 set means an absolute target.
static bool distance(const uint8_t *code, size_t left, struct code_distance *found)
{
	uint32_t word;

	if (left < 4)
		return false;
	*found = (struct code_distance){.length = 4};
	word = word_at(code);
	if (word >> 26 == 18 && !(word & 2)) {
		found->type = R_PPC64_REL24;
		found->distance = (int64_t)((word & LI24) ^ 0x02000000) - 0x02000000;
	} else if (word >> 26 == 16 && !(word & 2)) {
		found->type = R_PPC64_REL14;
		found->distance = (int64_t)((word & BD14) ^ 0x8000) - 0x8000;
	}
	return true;
}

// li rd, si16, which is addi rd, 0, si16.
static bool immediate_at(const uint8_t *code, size_t size, size_t at, struct code_immediate *found)
{
	size_t start = at & ~(size_t)3;
	uint32_t word;

	if (size - start < 4)
		return false;
	word = word_at(code + start);
	*found = (struct code_immediate){
		.start = start, .length = 4, .mask = HALF, .value = (int16_t)(word & HALF)};
	return (word & 0xfc1f0000) == 0x38000000;
}

// Branches count from the instruction, as the addend does: .pc_bias stays NULL.
const struct arch arch_ppc64le = {
	.name = "ppc64le",
	.machine = EM_PPC64,
	.big_endian = false,
	.pointer_size = 8,
	.relocs = relocs,
	.reloc_count = sizeof(relocs) / sizeof(relocs[0]),
	.specials = specials,
	.special_count = sizeof(specials) / sizeof(specials[0]),
	.immediate_at = immediate_at,
	.distance = distance,
	.bfd_arch = bfd_arch_powerpc,
	.bfd_mach = bfd_mach_ppc64,
};
