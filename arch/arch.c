// SPDX-License-Identifier: GPL-3.0-or-later
// Looking up machines, relocation types and special sections.
#include "arch/arch.h"

#include <string.h>

extern const struct arch arch_x86_64, arch_aarch64, arch_ppc64le, arch_s390x, arch_riscv64, arch_loongarch64;

static const struct arch *const machines[] = {&arch_x86_64, &arch_aarch64, &arch_ppc64le,
					      &arch_s390x,  &arch_riscv64, &arch_loongarch64};

// Tables that every machine may have: names from the Linux kernel's include/asm-generic/vmlinux.lds.h, and
// __patchable_function_entries from GCC (varasm.cc, default_print_patchable_function_entry).
static const struct special_section common_specials[] = {
	{.name = ".discard.*", .dropped = true},
	{.name = ".rela.discard.*", .dropped = true},
	{.name = "__bug_table",
	 .line_at = 8}, // struct bug_entry: address, file, line, flags (asm-generic/bug.h)
	{.name = "__ex_table"},
	{.name = "__jump_table"},
	{.name = "__mcount_loc", .entry_size = 8},
	{.name = "__patchable_function_entries", .entry_size = 8},
	{.name = ".altinstructions"},
	{.name = ".altinstr_aux"},
	{.name = ".altinstr_replacement"},
	{.name = ".printk_index", .entry_size = 8},
	{.name = ".static_call_sites"},
	{.name = ".fixup"},
};

const struct arch *arch_find(uint16_t machine, bool big_endian)
{
	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++)
		if (machines[i]->machine == machine && machines[i]->big_endian == big_endian)
			return machines[i];
	return NULL;
}

const struct reloc_info *arch_reloc(const struct arch *arch, uint32_t type)
{
	size_t low = 0, high = arch->reloc_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (arch->relocs[middle].type == type)
			return &arch->relocs[middle];
		if (arch->relocs[middle].type < type)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static bool name_matches(const char *pattern, const char *name)
{
	size_t length = strlen(pattern);

	if (length && pattern[length - 1] == '*')
		return !strncmp(pattern, name, length - 1);
	return !strcmp(pattern, name);
}

const struct special_section *arch_special(const struct arch *arch, const char *section_name)
{
	for (size_t i = 0; i < arch->special_count; i++)
		if (name_matches(arch->specials[i].name, section_name))
			return &arch->specials[i];
	for (size_t i = 0; i < sizeof(common_specials) / sizeof(common_specials[0]); i++)
		if (name_matches(common_specials[i].name, section_name))
			return &common_specials[i];
	return NULL;
}
