// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A module (.ko) is a relocatable object that the kernel links when it loads it (kernel/module/main.c). So that objects can
 * be matched in it as in any image, it is linked here the same way, at addresses that mean nothing: sections from MODULE_BASE
 * on in the order of the file, each undefined symbol 16 bytes for itself from IMPORT_BASE on.
 */
#include <string.h>

#include "create/kernel-image.h"

#define MODULE_BASE UINT64_C(0x100000)
#define IMPORT_BASE UINT64_C(0x40000000)

static const char damaged[] = "is a damaged module; get it again";

struct module {
	struct image *image;
	struct elf_view *elf;
	uint8_t *bytes;    // copy of the file, being relocated
	uint64_t *address; // by section index, 0: not loaded
	Elf64_Sym *symbols;
	size_t symbol_count;
	uint64_t *value; // by symbol index
	bool *known;
};

static uint32_t segment_flags(const Elf64_Shdr *section)
{
	return PF_R | (section->sh_flags & SHF_WRITE ? PF_W : 0) |
	       (section->sh_flags & SHF_EXECINSTR ? PF_X : 0);
}

static const char *place_sections(struct module *module)
{
	struct image *image = module->image;
	const struct elf_view *elf = module->elf;
	uint64_t at = MODULE_BASE;

	image->segments = arena_array(image->arena, elf->section_count + 1, sizeof(*image->segments));
	image->sections = arena_array(image->arena, elf->section_count + 1, sizeof(*image->sections));
	image->segment_count = image->section_count = 0;
	for (size_t i = 1; i < elf->section_count; i++) {
		const Elf64_Shdr *section = &elf->sections[i];
		uint64_t align = section->sh_addralign ? section->sh_addralign : 1;
		bool empty = section->sh_type == SHT_NOBITS;

		if (!(section->sh_flags & SHF_ALLOC))
			continue;
		if (align & (align - 1) || align > 1 << 20 || section->sh_size > IMPORT_BASE / 2 ||
		    (!empty && !elf_in_file(elf, section->sh_offset, section->sh_size)))
			return damaged;
		at = (at + align - 1) & ~(align - 1);
		if (at + section->sh_size > IMPORT_BASE - 4096)
			return damaged;
		module->address[i] = at;
		image->sections[image->section_count++] = (struct hp_image_section){
			.name = elf_section_name(elf, section),
			.vaddr = at,
			.size = section->sh_size,
			.flags = section->sh_flags,
			.type = section->sh_type,
		};
		image->segments[image->segment_count++] =
			(struct hp_segment){.vaddr = at,
					    .offset = empty ? 0 : section->sh_offset,
					    .file_size = empty ? 0 : section->sh_size,
					    .memory_size = section->sh_size,
					    .align = align,
					    .flags = segment_flags(section)};
		// Nothing touches: a place behind a section's end is in none.
		at += section->sh_size + 16;
	}
	return image->segment_count ? NULL : damaged;
}

static const char *read_symbols(struct module *module)
{
	const Elf64_Shdr *section = elf_find_type(module->elf, SHT_SYMTAB);
	struct elf_range table = elf_section_range(module->elf, section);
	struct arena *arena = module->image->arena;

	if (!section || !table.size || section->sh_entsize != sizeof(Elf64_Sym))
		return "has no symbol table; take the module as the distribution ships it";
	module->symbol_count = table.size / sizeof(Elf64_Sym);
	if (module->symbol_count > (1 << 20))
		return damaged;
	module->symbols = arena_array(arena, module->symbol_count + 1, sizeof(Elf64_Sym));
	memcpy(module->symbols, table.at, module->symbol_count * sizeof(Elf64_Sym));
	module->value = arena_array(arena, module->symbol_count + 1, sizeof(uint64_t));
	module->known = arena_array(arena, module->symbol_count + 1, sizeof(bool));
	for (size_t i = 1; i < module->symbol_count; i++) {
		const Elf64_Sym *symbol = &module->symbols[i];

		module->known[i] = true;
		if (symbol->st_shndx == SHN_UNDEF)
			module->value[i] = IMPORT_BASE + 16 * i;
		else if (symbol->st_shndx == SHN_ABS)
			module->value[i] = symbol->st_value;
		else if (symbol->st_shndx < module->elf->section_count && module->address[symbol->st_shndx])
			module->value[i] = module->address[symbol->st_shndx] + symbol->st_value;
		else
			module->known[i] = false;
	}
	return NULL;
}

static void store(uint8_t *at, uint64_t value, unsigned size)
{
	for (unsigned i = 0; i < size; i++)
		at[i] = (uint8_t)(value >> (8 * i));
}

static const char *relocate_section(struct module *module, const Elf64_Shdr *table)
{
	const Elf64_Shdr *section = &module->elf->sections[table->sh_info];
	struct elf_range range = elf_section_range(module->elf, table);
	uint64_t base = module->address[table->sh_info];

	for (size_t at = 0; range.size - at >= sizeof(Elf64_Rela); at += sizeof(Elf64_Rela)) {
		const struct reloc_info *info;
		uint64_t value, index;
		Elf64_Rela rela;

		memcpy(&rela, range.at + at, sizeof(rela));
		info = arch_reloc(module->image->arch, (uint32_t)ELF64_R_TYPE(rela.r_info));
		index = ELF64_R_SYM(rela.r_info);
		if (info && info->kind == RELOC_NONE)
			continue;
		if (!info || index >= module->symbol_count || rela.r_offset > section->sh_size ||
		    info->size > section->sh_size - rela.r_offset)
			return damaged;
		if (info->kind != RELOC_ABSOLUTE && info->kind != RELOC_RELATIVE && info->kind != RELOC_CALL)
			return "is a module with a relocation that the kernel's loader does not know";
		if (index && !module->known[index])
			return damaged;
		value = (index ? module->value[index] : 0) + (uint64_t)rela.r_addend;
		if (info->kind != RELOC_ABSOLUTE)
			value -= base + rela.r_offset;
		store(module->bytes + section->sh_offset + rela.r_offset, value, info->size);
	}
	return NULL;
}

static const char *relocate(struct module *module)
{
	const struct elf_view *elf = module->elf;
	const char *wrong = NULL;

	for (size_t i = 1; i < elf->section_count && !wrong; i++) {
		const Elf64_Shdr *table = &elf->sections[i];

		if (table->sh_type == SHT_RELA && table->sh_info < elf->section_count &&
		    module->address[table->sh_info] && elf->sections[table->sh_info].sh_type != SHT_NOBITS)
			wrong = relocate_section(module, table);
	}
	return wrong;
}

// Symbols get the addresses that their sections got. Undefined ones are defined behind facts->imports.
static void move_symbols(struct module *module)
{
	struct image *image = module->image;
	size_t kept = 0;

	for (size_t i = 0; i < image->symbol_count; i++) {
		struct image_symbol symbol = image->symbols[i];

		if (symbol.position >= module->symbol_count || !module->known[symbol.position])
			continue;
		symbol.vaddr = module->value[symbol.position];
		symbol.defined = true;
		image->symbols[kept++] = symbol;
	}
	image->symbol_count = kept;
	image->kernel->imports = IMPORT_BASE;
}

const char *module_read(struct image *image)
{
	struct elf_view *elf = &image->private->elf;
	struct module module = {.image = image, .elf = elf};
	const char *wrong;

	module.bytes = arena_alloc(image->arena, elf->size);
	memcpy(module.bytes, elf->bytes, elf->size);
	module.address = arena_array(image->arena, elf->section_count + 1, sizeof(uint64_t));
	wrong = place_sections(&module);
	if (!wrong)
		wrong = read_symbols(&module);
	if (!wrong)
		wrong = relocate(&module);
	if (wrong)
		return wrong;
	elf->bytes = module.bytes;
	if (!image_read_symbols(image, elf))
		return damaged;
	move_symbols(&module);
	return NULL;
}
