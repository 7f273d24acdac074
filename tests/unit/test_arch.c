// SPDX-License-Identifier: GPL-3.0-or-later
// Facts about machines that everything above relies on.
#include "arch/arch.h"

#include <criterion/criterion.h>
#include <elf.h>
#include <stdio.h>
#include <string.h>

static const struct {
	uint16_t machine;
	bool big_endian;
	const char *prefix; // of its relocations' names in elf.h
} machines[] = {{EM_X86_64, false, "R_X86_64_"}, {EM_AARCH64, false, "R_AARCH64_"},
		{EM_PPC64, false, "R_PPC64_"},   {EM_S390, true, "R_390_"},
		{EM_RISCV, false, "R_RISCV_"},   {258, false, "R_LARCH_"}};

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

// The C library's header, which each build has, says the numbers independently of the tables here.
static void compare_with_header(const struct arch *arch, const char *prefix, size_t *seen)
{
	FILE *header = fopen("/usr/include/elf.h", "r");
	char line[512], name[128];
	unsigned number;

	cr_assert_not_null(header, "elf.h is part of libc6-dev");
	while (fgets(line, sizeof(line), header)) {
		const struct reloc_info *info;

		if (sscanf(line, "#define %127s %u", name, &number) != 2 ||
		    strncmp(name, prefix, strlen(prefix)))
			continue;
		info = arch_reloc(arch, number);
		if (strstr(name, "_P32_") || !strcmp(name + strlen(prefix), "NUM"))
			continue; // 32-bit programs; the number of types
		cr_expect(info && !strcmp(info->name, name), "%s is %u in elf.h; the table has %s", name,
			  number, info ? info->name : "nothing");
		(*seen)++;
	}
	fclose(header);
}

Test(arch, relocation_numbers_are_those_of_the_header)
{
	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++) {
		size_t seen = 0;

		compare_with_header(arch_find(machines[i].machine, machines[i].big_endian),
				    machines[i].prefix, &seen);
		cr_expect_gt(seen, 20, "%s: %zu", machines[i].prefix, seen);
	}
}

// One instruction of each form that holds a distance or a number, as the assemblers of the machines write them.
static const struct {
	uint16_t machine;
	const char *text;
	uint8_t size, bytes[8];
	uint8_t length;
	uint32_t type;
	int64_t distance;
} distances[] = {
	{EM_X86_64, "call .+0x105", 5, {0xe8, 0x00, 0x01, 0x00, 0x00}, 5, R_X86_64_PLT32, 0x105},
	{EM_X86_64, "jmp .-2", 2, {0xeb, 0xfc}, 2, R_X86_64_PC8, -2},
	{EM_X86_64, "push %rbx", 1, {0x53}, 1, 0, 0},
	{EM_AARCH64, "bl .-8", 4, {0xfe, 0xff, 0xff, 0x97}, 4, R_AARCH64_CALL26, -8},
	{EM_AARCH64, "b .+16", 4, {0x04, 0x00, 0x00, 0x14}, 4, R_AARCH64_JUMP26, 16},
	{EM_AARCH64, "cbz x0, .+8", 4, {0x40, 0x00, 0x00, 0xb4}, 4, R_AARCH64_CONDBR19, 8},
	{EM_AARCH64, "tbnz w0, #0, .-4", 4, {0xe0, 0xff, 0x07, 0x37}, 4, R_AARCH64_TSTBR14, -4},
	{EM_AARCH64, "adr x0, .+5", 4, {0x20, 0x00, 0x00, 0x30}, 4, R_AARCH64_ADR_PREL_LO21, 5},
	{EM_AARCH64, "ret", 4, {0xc0, 0x03, 0x5f, 0xd6}, 4, 0, 0},
	{EM_PPC64, "bl .+0x40", 4, {0x41, 0x00, 0x00, 0x48}, 4, R_PPC64_REL24, 0x40},
	{EM_PPC64, "b .-4", 4, {0xfc, 0xff, 0xff, 0x4b}, 4, R_PPC64_REL24, -4},
	{EM_PPC64, "beq .+12", 4, {0x0c, 0x00, 0x82, 0x41}, 4, R_PPC64_REL14, 12},
	{EM_S390, "brasl %r14,.+0x20", 6, {0xc0, 0xe5, 0x00, 0x00, 0x00, 0x10}, 6, R_390_PLT32DBL, 0x20},
	{EM_S390, "larl %r1,.-4", 6, {0xc0, 0x10, 0xff, 0xff, 0xff, 0xfe}, 6, R_390_PC32DBL, -4},
	{EM_S390, "jh .+26", 4, {0xa7, 0x24, 0x00, 0x0d}, 4, R_390_PC16DBL, 26},
	{EM_S390, "br %r14", 2, {0x07, 0xfe}, 2, 0, 0},
	{EM_RISCV, "jal ra, .+8", 4, {0xef, 0x00, 0x80, 0x00}, 4, R_RISCV_JAL, 8},
	{EM_RISCV, "c.nop", 2, {0x01, 0x00}, 2, 0, 0},
	{258, "bl .+8", 4, {0x00, 0x08, 0x00, 0x54}, 4, 66, 8},
	{258, "beqz $a0, .-4", 4, {0x9f, 0xfc, 0xff, 0x43}, 4, 65, -4},
	{258, "beq $a0, $a1, .+12", 4, {0x85, 0x0c, 0x00, 0x58}, 4, 64, 12},
};

Test(arch, distances_are_read_from_instructions)
{
	for (size_t i = 0; i < sizeof(distances) / sizeof(distances[0]); i++) {
		const struct arch *arch = arch_find(distances[i].machine, distances[i].machine == EM_S390);
		struct code_distance found = {0};

		cr_assert(arch->distance(distances[i].bytes, distances[i].size, &found), "%s",
			  distances[i].text);
		cr_expect_eq(found.length, distances[i].length, "%s: length %u", distances[i].text,
			     found.length);
		cr_expect_eq(found.type, distances[i].type, "%s: type %u", distances[i].text, found.type);
		cr_expect_eq(found.distance, distances[i].distance, "%s: %ld", distances[i].text,
			     (long)found.distance);
		cr_expect_not(arch->distance(distances[i].bytes, distances[i].size - 1u, &found) &&
			      found.length > distances[i].size - 1u);
	}
}

static const struct {
	uint16_t machine;
	const char *text;
	uint8_t size, bytes[8];
	uint8_t at, length; // a byte of the number; of the bytes that hold it
	int64_t value;
} numbers[] = {
	{EM_X86_64, "mov $0x11d, %esi", 5, {0xbe, 0x1d, 0x01, 0x00, 0x00}, 2, 4, 0x11d},
	{EM_AARCH64, "mov w1, #300", 4, {0x81, 0x25, 0x80, 0x52}, 0, 4, 300},
	{EM_PPC64, "li r4, 300", 4, {0x2c, 0x01, 0x80, 0x38}, 1, 4, 300},
	{EM_S390, "lghi %r3,300", 4, {0xa7, 0x39, 0x01, 0x2c}, 3, 2, 300},
	{EM_S390, "lgfi %r3,70000", 6, {0xc0, 0x31, 0x00, 0x01, 0x11, 0x70}, 4, 4, 70000},
	{EM_RISCV, "c.li a1, 17", 2, {0xc5, 0x45}, 0, 2, 17},
	{EM_RISCV, "addi a1, zero, 300", 4, {0x93, 0x05, 0xc0, 0x12}, 3, 4, 300},
	{EM_RISCV,
	 "lui a1, 2; addi a1, a1, -192",
	 8,
	 {0xb7, 0x25, 0x00, 0x00, 0x93, 0x85, 0x05, 0xf4},
	 7,
	 8,
	 8000},
	{258, "addi.w $a1, $zero, 300", 4, {0x05, 0xb0, 0x84, 0x02}, 1, 4, 300},
	{258, "ori $a1, $zero, 0xbb8", 4, {0x05, 0xe0, 0xae, 0x03}, 1, 4, 3000},
	{258,
	 "lu12i.w $a1, 1; ori $a1, $a1, 0xf40",
	 8,
	 {0x25, 0x00, 0x00, 0x14, 0xa5, 0x00, 0xbd, 0x03},
	 6,
	 8,
	 8000},
};

Test(arch, numbers_are_read_from_instructions)
{
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		const struct arch *arch = arch_find(numbers[i].machine, numbers[i].machine == EM_S390);
		struct code_immediate found = {0};

		cr_assert(arch->immediate_at(numbers[i].bytes, numbers[i].size, numbers[i].at, &found), "%s",
			  numbers[i].text);
		cr_expect_eq(found.value, numbers[i].value, "%s: %ld", numbers[i].text, (long)found.value);
		cr_expect_eq(found.length, numbers[i].length, "%s: %u bytes", numbers[i].text, found.length);
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
