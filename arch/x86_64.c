// SPDX-License-Identifier: GPL-3.0-or-later
// x86-64: relocations of the psABI ("Relocation Types", table 4.9 and the TLS and large-model additions).
#include "arch/arch.h"

#include <bfd.h>
#include <elf.h>
#include <string.h>

extern const struct arch arch_x86_64;

#define RELOC(number, text, what, bytes, ...)                                                                \
	{                                                                                                    \
		.type = number, .name = "R_X86_64_" text, .kind = what, .size = bytes,                       \
		.mask = bytes == 8   ? UINT64_MAX                                                            \
			: bytes == 4 ? UINT32_MAX                                                            \
			: bytes == 2 ? UINT16_MAX                                                            \
			: bytes == 1 ? UINT8_MAX                                                             \
				     : 0,                                                                    \
		__VA_ARGS__                                                                                  \
	}
#define RELAXABLE .relaxable = true

static const struct reloc_info relocs[] = {
	RELOC(0, "NONE", RELOC_NONE, 0),
	RELOC(1, "64", RELOC_ABSOLUTE, 8),
	RELOC(2, "PC32", RELOC_RELATIVE, 4),
	RELOC(3, "GOT32", RELOC_GOT, 4),
	RELOC(4, "PLT32", RELOC_CALL, 4),
	RELOC(5, "COPY", RELOC_NONE, 0),
	RELOC(6, "GLOB_DAT", RELOC_ABSOLUTE, 8),
	RELOC(7, "JUMP_SLOT", RELOC_ABSOLUTE, 8),
	RELOC(8, "RELATIVE", RELOC_ABSOLUTE, 8),
	RELOC(9, "GOTPCREL", RELOC_GOT, 4, RELAXABLE),
	RELOC(10, "32", RELOC_ABSOLUTE, 4),
	RELOC(11, "32S", RELOC_ABSOLUTE, 4),
	RELOC(12, "16", RELOC_ABSOLUTE, 2),
	RELOC(13, "PC16", RELOC_RELATIVE, 2),
	RELOC(14, "8", RELOC_ABSOLUTE, 1),
	RELOC(15, "PC8", RELOC_RELATIVE, 1),
	RELOC(16, "DTPMOD64", RELOC_TLS, 8, .tls = TLS_GENERAL_DYNAMIC),
	RELOC(17, "DTPOFF64", RELOC_TLS, 8, .tls = TLS_DTP_OFFSET),
	RELOC(18, "TPOFF64", RELOC_TLS, 8, .tls = TLS_LOCAL_EXEC),
	RELOC(19, "TLSGD", RELOC_TLS, 4, .tls = TLS_GENERAL_DYNAMIC, RELAXABLE),
	RELOC(20, "TLSLD", RELOC_TLS, 4, .tls = TLS_LOCAL_DYNAMIC, RELAXABLE),
	RELOC(21, "DTPOFF32", RELOC_TLS, 4, .tls = TLS_DTP_OFFSET, RELAXABLE),
	RELOC(22, "GOTTPOFF", RELOC_TLS, 4, .tls = TLS_INITIAL_EXEC, RELAXABLE),
	RELOC(23, "TPOFF32", RELOC_TLS, 4, .tls = TLS_LOCAL_EXEC),
	RELOC(24, "PC64", RELOC_RELATIVE, 8),
	RELOC(25, "GOTOFF64", RELOC_GOT_BASE, 8),
	RELOC(26, "GOTPC32", RELOC_GOT_BASE, 4),
	RELOC(27, "GOT64", RELOC_GOT, 8),
	RELOC(28, "GOTPCREL64", RELOC_GOT, 8),
	RELOC(29, "GOTPC64", RELOC_GOT_BASE, 8),
	RELOC(30, "GOTPLT64", RELOC_GOT, 8),
	RELOC(31, "PLTOFF64", RELOC_CALL, 8),
	RELOC(32, "SIZE32", RELOC_SIZE, 4),
	RELOC(33, "SIZE64", RELOC_SIZE, 8),
	RELOC(34, "GOTPC32_TLSDESC", RELOC_TLS, 4, .tls = TLS_DESCRIPTOR, RELAXABLE),
	RELOC(35, "TLSDESC_CALL", RELOC_HINT, 0, .tls = TLS_DESCRIPTOR, RELAXABLE),
	RELOC(36, "TLSDESC", RELOC_TLS, 8, .tls = TLS_DESCRIPTOR),
	RELOC(37, "IRELATIVE", RELOC_ABSOLUTE, 8),
	RELOC(38, "RELATIVE64", RELOC_ABSOLUTE, 8),
	RELOC(39, "PC32_BND", RELOC_RELATIVE, 4),
	RELOC(40, "PLT32_BND", RELOC_CALL, 4),
	RELOC(41, "GOTPCRELX", RELOC_GOT, 4, RELAXABLE),
	RELOC(42, "REX_GOTPCRELX", RELOC_GOT, 4, RELAXABLE),
};

// Tables of the kernel that only this machine has (arch/x86/kernel/vmlinux.lds.S, tools/objtool).
// objtool makes ORC entries from the code alone and leaves out one that equals what is before it, in another function too.
static const struct special_section specials[] = {
	{.name = ".smp_locks", .entry_size = 4},
	{.name = ".parainstructions"},
	{.name = ".call_sites", .entry_size = 4},
	{.name = ".retpoline_sites", .entry_size = 4},
	{.name = ".return_sites", .entry_size = 4},
	{.name = ".ibt_endbr_seal", .entry_size = 4},
	{.name = ".kcfi_traps", .entry_size = 4},
	{.name = ".orc_unwind", .entry_size = 6, .per_build = true},
	{.name = ".orc_unwind_ip", .entry_size = 4, .per_build = true},
};

static bool one_of(uint8_t byte, const uint8_t *set, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (set[i] == byte)
			return true;
	return false;
}
#define ONE_OF(byte, ...) one_of(byte, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

// Opcodes of the 0f map with ModRM and an 8-bit immediate (Intel SDM volume 2, table A-3).
static bool map1_has_imm8(uint8_t opcode)
{
	return ONE_OF(opcode, 0x70, 0x71, 0x72, 0x73, 0xa4, 0xac, 0xba, 0xc2, 0xc4, 0xc5, 0xc6);
}

// 0x66 before the opcode, a REX prefix allowed between them; REX.W would win over it.
static bool operand_size_16(const uint8_t *opcode, size_t before)
{
	if (before >= 1 && opcode[-1] == 0x66)
		return true;
	return before >= 2 && (opcode[-1] & 0xf8) == 0x40 && opcode[-2] == 0x66;
}

/*
 * Bytes of immediate that follow a disp32 field addressed through %rip. The ModRM byte is right before the
 *field (mod 00, rm 101, no SIB), the opcode before it: 83 3d <field> 05            cmpl $5, x(%rip) addend
 *-5, means x 66 c7 05 <field> 34 12      movw $0x1234, x(%rip)      addend -6 c5 f9 70 05 <field> 1b vpshufd
 *$27, x(%rip), ...  addend -5 Reading backwards is ambiguous only where the byte before belongs to another
 *instruction; the readings that compilers emit win.
 */
static int64_t immediate_behind(const uint8_t *field, size_t before)
{
	const uint8_t *opcode = field - 2;
	uint8_t digit;

	if (before < 2 || (field[-1] & 0xc7) != 0x05)
		return 0;
	digit = field[-1] >> 3 & 7;
	before -= 2;
	if (before >= 2 && opcode[-2] == 0xc5) // VEX, two bytes: always the 0f map
		return map1_has_imm8(*opcode);
	if (before >= 3 && opcode[-3] == 0xc4 && ONE_OF(opcode[-2] & 0x1f, 1, 2, 3))
		return (opcode[-2] & 0x1f) == 3 || ((opcode[-2] & 0x1f) == 1 && map1_has_imm8(*opcode));
	if (before >= 4 && opcode[-4] == 0x62 && ONE_OF(opcode[-3] & 7, 1, 2, 3) && opcode[-2] & 4)
		return (opcode[-3] & 7) == 3 || ((opcode[-3] & 7) == 1 && map1_has_imm8(*opcode));
	if (before >= 2 && opcode[-1] == 0x3a && opcode[-2] == 0x0f)
		return 1;
	if (before >= 2 && opcode[-1] == 0x38 && opcode[-2] == 0x0f)
		return 0;
	if (before >= 1 && opcode[-1] == 0x0f && !ONE_OF(*opcode, 0x80, 0x81, 0x83, 0xc7))
		return map1_has_imm8(*opcode);
	if (ONE_OF(*opcode, 0x80, 0x83, 0xc0, 0xc1, 0x6b) || (*opcode == 0xc6 && digit == 0) ||
	    (*opcode == 0xf6 && digit < 2))
		return 1;
	if (ONE_OF(*opcode, 0x81, 0x69) || (*opcode == 0xc7 && digit == 0) || (*opcode == 0xf7 && digit < 2))
		return operand_size_16(opcode, before) ? 2 : 4;
	return 0;
}

/*
 * Clang's -fsanitize=function puts the distance from a function's start to its type in front of the code:
 *	f: jmp .+8; .ascii "v2"; .long .Lproxy - f
 */
static bool is_type_distance(const uint8_t *field, size_t before, const struct reloc_info *info)
{
	return info->type == R_X86_64_PC32 && before >= 4 && !memcmp(field - 4, "\xeb\x06v2", 4);
}

static int64_t pc_bias(const uint8_t *field, size_t before, const struct reloc_info *info)
{
	if (is_type_distance(field, before, info))
		return -4;
	switch (info->type) {
	case R_X86_64_PC8:
		return 1;
	case R_X86_64_PC16:
		return 2;
	case R_X86_64_PLT32:
	case R_X86_64_PC32:
	case R_X86_64_GOTPCREL:
	case R_X86_64_GOTPCRELX:
	case R_X86_64_REX_GOTPCRELX:
	case R_X86_64_GOTPC32:
	case R_X86_64_GOTTPOFF:
	case R_X86_64_TLSGD:
	case R_X86_64_TLSLD:
	case R_X86_64_GOTPC32_TLSDESC:
	case 39: // PC32_BND and PLT32_BND are withdrawn and not in elf.h
	case 40:
		return 4 + immediate_behind(field, before);
	default:
		return 0;
	}
}

// movl $imm32 to memory, c7 /0: the ModRM byte, a SIB byte and a displacement lie between opcode and immediate.
static bool is_store_immediate(const uint8_t *code, size_t at)
{
	for (size_t back = 2; back <= 7 && back <= at; back++) {
		const uint8_t *opcode = code + at - back;
		unsigned mode = opcode[1] >> 6, base = opcode[1] & 7;
		size_t length = 2;

		if (opcode[0] != 0xc7 || (opcode[1] >> 3 & 7) != 0)
			continue;
		if (mode != 3 &&
		    base == 4) { // a SIB byte; base 5 in it without displacement means 32 bits of it
			if (back < 3)
				continue;
			length += 1 + (mode == 0 && (opcode[2] & 7) == 5 ? 4 : 0);
		}
		length += mode == 1 ? 1 : mode == 2 || (mode == 0 && base == 5) ? 4 : 0;
		if (length == back)
			return true;
	}
	return false;
}

static unsigned immediate_size(const uint8_t *code, size_t at)
{
	if (at < 1)
		return 0;
	if ((code[at - 1] & 0xf8) == 0xb8 || code[at - 1] == 0x68 || is_store_immediate(code, at))
		return 4;
	return code[at - 1] == 0x6a ? 1 : 0;
}

static bool immediate_at(const uint8_t *code, size_t size, size_t at, struct code_immediate *found)
{
	for (size_t back = 0; back < 4 && back < at; back++) {
		size_t start = at - back;
		unsigned bytes = immediate_size(code, start);

		if (bytes <= back || bytes > size - start)
			continue;
		*found = (struct code_immediate){.start = start,
						 .length = (uint8_t)bytes,
						 .mask = bytes == 4 ? UINT32_MAX : UINT8_MAX};
		for (unsigned i = bytes; i-- > 0;)
			found->value = found->value << 8 | code[start + i];
		return true;
	}
	return false;
}

// 70-7f jcc, e3 jrcxz, eb jmp with 8 bits, which the table of shapes leaves out.
static bool short_branch(const uint8_t *code, const struct code_shape *shape)
{
	return shape->length == 2 && ((code[0] & 0xf0) == 0x70 || code[0] == 0xeb || code[0] == 0xe3);
}

static bool distance(const uint8_t *code, size_t left, struct code_distance *found)
{
	struct code_shape shape;
	int32_t value;

	if (!arch_link(&arch_x86_64)->shape(code, left, &shape) || !shape.length)
		return false;
	*found = (struct code_distance){.length = shape.length};
	if (shape.pc_field) {
		memcpy(&value, code + shape.pc_field, 4);
		found->field = shape.pc_field;
		found->type = shape.branch ? R_X86_64_PLT32 : R_X86_64_PC32;
	} else if (short_branch(code, &shape)) {
		value = (int8_t)code[1];
		found->field = 1;
		found->type = R_X86_64_PC8;
	} else {
		return true;
	}
	found->distance = shape.length + (int64_t)value;
	return true;
}

const struct arch arch_x86_64 = {
	.name = "x86_64",
	.machine = EM_X86_64,
	.big_endian = false,
	.pointer_size = 8,
	.relocs = relocs,
	.reloc_count = sizeof(relocs) / sizeof(relocs[0]),
	.specials = specials,
	.special_count = sizeof(specials) / sizeof(specials[0]),
	.pc_bias = pc_bias,
	.immediate_at = immediate_at,
	.distance = distance,
	.bfd_arch = bfd_arch_i386,
	.bfd_mach = bfd_mach_x86_64,
};
