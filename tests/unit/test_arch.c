// SPDX-License-Identifier: GPL-3.0-or-later
// Facts about machines that everything above relies on.
#include "arch/arch.h"

#include <criterion/criterion.h>
#include <elf.h>
#include <string.h>

static const struct {
	uint16_t machine;
	bool big_endian;
} machines[] = {{EM_X86_64, false}, {EM_AARCH64, false}, {EM_PPC64, false}, {EM_S390, true}};

Test(arch, relocation_tables_are_sorted_and_consistent)
{
	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++) {
		const struct arch *arch = arch_find(machines[i].machine, machines[i].big_endian);

		cr_assert_not_null(arch, "machine %u", machines[i].machine);
		for (size_t k = 0; k < arch->reloc_count; k++) {
			const struct reloc_info *info = &arch->relocs[k];

			if (k)
				cr_expect_lt(arch->relocs[k - 1].type, info->type, "%s", info->name);
			cr_expect_eq(arch_reloc(arch, info->type), info);
			cr_expect_not_null(strstr(info->name, "R_"));
			cr_expect(!info->size || info->mask, "%s fills nothing", info->name);
			if (info->tls != TLS_NONE)
				cr_expect(info->kind == RELOC_TLS || info->kind == RELOC_HINT, "%s",
					  info->name);
		}
	}
}

Test(arch, unknown_things_are_not_found)
{
	cr_expect_null(arch_find(EM_X86_64, true));
	cr_expect_null(arch_find(EM_PARISC, true));
	cr_expect_null(arch_reloc(arch_find(EM_X86_64, false), 4711));
	cr_expect_null(arch_special(arch_find(EM_X86_64, false), ".text"));
	cr_expect_not_null(arch_special(arch_find(EM_X86_64, false), "__bug_table"));
}

// Instruction bytes up to the field, and how many bytes lie between the field's start and the end of the instruction.
static const struct {
	const char *text;
	size_t size;
	uint8_t bytes[8];
	int64_t bias;
} instructions[] = {
	{"lea x(%rip), %rdi", 3, {0x48, 0x8d, 0x3d}, 4},
	{"mov x(%rip), %eax", 2, {0x8b, 0x05}, 4},
	{"call x", 1, {0xe8}, 4},
	{"jae x", 2, {0x0f, 0x83}, 4},
	{"movb $1, x(%rip)", 2, {0xc6, 0x05}, 5},
	{"movl $1, x(%rip)", 2, {0xc7, 0x05}, 8},
	{"movq $1, x(%rip)", 3, {0x48, 0xc7, 0x05}, 8},
	{"movw $1, x(%rip)", 3, {0x66, 0xc7, 0x05}, 6},
	{"cmpl $1, x(%rip)", 2, {0x83, 0x3d}, 5},
	{"cmpl $1000, x(%rip)", 2, {0x81, 0x3d}, 8},
	{"cmpw $1000, x(%rip)", 3, {0x66, 0x81, 0x3d}, 6},
	{"addw $1000, x(%rip), with REX", 4, {0x66, 0x44, 0x81, 0x05}, 6},
	{"testb $1, x(%rip)", 2, {0xf6, 0x05}, 5},
	{"testl $1000, x(%rip)", 2, {0xf7, 0x05}, 8},
	{"negl x(%rip)", 2, {0xf7, 0x1d}, 4},
	{"imul $1000, x(%rip), %eax", 2, {0x69, 0x05}, 8},
	{"imul $5, x(%rip), %eax", 2, {0x6b, 0x05}, 5},
	{"shll $5, x(%rip)", 2, {0xc1, 0x25}, 5},
	{"lock xadd %eax, x(%rip)", 4, {0xf0, 0x0f, 0xc1, 0x05}, 4},
	{"btl $3, x(%rip)", 3, {0x0f, 0xba, 0x25}, 5},
	{"movaps x(%rip), %xmm0", 3, {0x0f, 0x28, 0x05}, 4},
	{"pshufd $27, x(%rip), %xmm0", 4, {0x66, 0x0f, 0x70, 0x05}, 5},
	{"palignr $3, x(%rip), %xmm0", 5, {0x66, 0x0f, 0x3a, 0x0f, 0x05}, 5},
	{"pshufb x(%rip), %xmm0", 5, {0x66, 0x0f, 0x38, 0x00, 0x05}, 4},
	{"vpshufd $27, x(%rip), %xmm0", 4, {0xc5, 0xf9, 0x70, 0x05}, 5},
	{"vmovaps x(%rip), %xmm0", 4, {0xc5, 0xf8, 0x28, 0x05}, 4},
	{"vpalignr $3, x(%rip), %ymm0, %ymm0", 5, {0xc4, 0xe3, 0x7d, 0x0f, 0x05}, 5},
	{"vpshufb x(%rip), %ymm0, %ymm0", 5, {0xc4, 0xe2, 0x7d, 0x00, 0x05}, 4},
};

Test(arch, immediate_behind_a_field_is_seen)
{
	const struct arch *arch = arch_find(EM_X86_64, false);
	const struct reloc_info *info = arch_reloc(arch, R_X86_64_PC32);

	for (size_t i = 0; i < sizeof(instructions) / sizeof(instructions[0]); i++) {
		uint8_t code[16] = {0};

		memcpy(code, instructions[i].bytes, instructions[i].size);
		cr_expect_eq(arch->pc_bias(code + instructions[i].size, instructions[i].size, info),
			     instructions[i].bias, "%s", instructions[i].text);
	}
}
