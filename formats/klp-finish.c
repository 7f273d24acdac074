// SPDX-License-Identifier: MIT
// The last step on a livepatch module, on the file that the kernel's own linker run left: symbols that the kernel looks up
// become SHN_LIVEPATCH, and their relocations move to sections of their own (Documentation/livepatch/module-elf-format.rst):
//
//	.rela.text.f   R R K R K         .rela.text.f                      R R R
//	                           ->    .klp.rela.vmlinux..text.f         K K
//
// The file is input like any other: every offset is checked before it is used.
#include "formats/klp-text.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHN_LIVEPATCH      0xff20
#define SHF_RELA_LIVEPATCH 0x00100000

struct finisher {
	const uint8_t *module;
	size_t module_size;
	Elf64_Ehdr header;
	Elf64_Shdr *sections; // room for the new ones
	size_t section_count, section_room;
	size_t symtab;
	char (*waits_for)
		[KLP_NAME_SIZE]; // per symbol: object whose loading resolves it; "" for an ordinary symbol
	size_t symbol_count;
	struct buffer file, strings, section_names;
	bool changed;
	struct hp_error *error;
};

#define BAD(finisher, ...) fail((finisher)->error, HP_MALFORMED, HP_NONE, 0, "module: " __VA_ARGS__)

static bool is_inside(const struct finisher *finisher, uint64_t offset, uint64_t size)
{
	return offset <= finisher->module_size && size <= finisher->module_size - offset;
}

static int read_headers(struct finisher *finisher)
{
	Elf64_Ehdr *header = &finisher->header;

	if (finisher->module_size < sizeof(*header))
		return BAD(finisher, "shorter than an ELF header");
	memcpy(header, finisher->module, sizeof(*header));
	if (memcmp(header->e_ident, ELFMAG, SELFMAG) || header->e_ident[EI_CLASS] != ELFCLASS64 ||
	    header->e_ident[EI_DATA] != ELFDATA2LSB || header->e_type != ET_REL)
		return BAD(finisher, "not a relocatable ELF object of 64 bits, little-endian");
	finisher->section_count = header->e_shnum;
	if (header->e_shentsize != sizeof(Elf64_Shdr) || header->e_shstrndx >= finisher->section_count ||
	    !is_inside(finisher, header->e_shoff, finisher->section_count * sizeof(Elf64_Shdr)))
		return BAD(finisher, "section headers lie outside of the file");
	finisher->section_room = finisher->section_count;
	finisher->sections = malloc(finisher->section_room * sizeof(Elf64_Shdr));
	if (!finisher->sections)
		return fail(finisher->error, HP_MEMORY, HP_NONE, 0, "out of memory");
	memcpy(finisher->sections, finisher->module + header->e_shoff,
	       finisher->section_count * sizeof(Elf64_Shdr));
	for (size_t i = 1; i < finisher->section_count; i++) {
		const Elf64_Shdr *section = &finisher->sections[i];

		if (section->sh_type != SHT_NOBITS &&
		    !is_inside(finisher, section->sh_offset, section->sh_size))
			return BAD(finisher, "section %zu lies outside of the file", i);
		if (section->sh_type == SHT_SYMTAB)
			finisher->symtab = i;
		if (section->sh_type == SHT_RELA && (section->sh_info >= finisher->section_count ||
						     section->sh_link >= finisher->section_count ||
						     section->sh_entsize != sizeof(Elf64_Rela)))
			return BAD(finisher, "relocation section %zu is of no section", i);
	}
	if (!finisher->symtab || finisher->sections[finisher->symtab].sh_link >= finisher->section_count)
		return BAD(finisher, "no symbol table");
	finisher->symbol_count = finisher->sections[finisher->symtab].sh_size / sizeof(Elf64_Sym);
	return HP_OK;
}

// Copies a string table that must end with a NUL, so that every offset inside it is a string.
static int copy_strings(struct finisher *finisher, size_t index, struct buffer *to)
{
	const Elf64_Shdr *section = &finisher->sections[index];

	// Where section 0 lies was not checked: it describes no bytes.
	if (!index || section->sh_type != SHT_STRTAB || !section->sh_size ||
	    finisher->module[section->sh_offset + section->sh_size - 1])
		return BAD(finisher, "section %zu is no string table", index);
	buffer_add(to, finisher->module + section->sh_offset, section->sh_size);
	return to->failed ? fail(finisher->error, HP_MEMORY, HP_NONE, 0, "out of memory") : HP_OK;
}

static const char *string_at(const struct buffer *strings, uint32_t at)
{
	return at < strings->size ? (const char *)strings->at + at : NULL;
}

// ".klp.sym.OBJECT.NAME,POSITION#WAITS": fills what it waits for, and takes the "#WAITS" off.
static int parse_name(struct finisher *finisher, size_t index, uint32_t at)
{
	char *name = (char *)finisher->strings.at + at, *object = name + strlen(KLP_SYMBOL_PREFIX);
	char *waits = strchr(name, KLP_WAITS_FOR);
	size_t length = strcspn(object, ".");

	if (!object[length] || !length || length >= KLP_NAME_SIZE || !strchr(object, ','))
		return BAD(finisher, "%.100s is no livepatch symbol", name);
	if (waits && strlen(waits + 1) >= KLP_NAME_SIZE)
		return BAD(finisher, "%.100s waits for no module", name);
	if (waits) {
		snprintf(finisher->waits_for[index], KLP_NAME_SIZE, "%s", waits + 1);
		*waits = '\0';
	} else {
		snprintf(finisher->waits_for[index], KLP_NAME_SIZE, "%.*s", (int)length, object);
	}
	return HP_OK;
}

static int finish_symbol(struct finisher *finisher, size_t index, Elf64_Sym *symbol)
{
	const char *name = string_at(&finisher->strings, symbol->st_name);

	if (!name)
		return BAD(finisher, "symbol %zu has no name", index);
	if (symbol->st_shndx != SHN_UNDEF || !index)
		return HP_OK;
	if (!strncmp(name, KLP_VMLINUX_PREFIX, strlen(KLP_VMLINUX_PREFIX))) {
		char *copy = strdup(name + strlen(KLP_VMLINUX_PREFIX));

		symbol->st_name = (Elf64_Word)finisher->strings.size;
		buffer_print(&finisher->strings, KLP_SYMBOL_PREFIX "vmlinux.%s,0", copy ? copy : "");
		buffer_add(&finisher->strings, "", 1);
		free(copy);
		if (!copy || finisher->strings.failed)
			return fail(finisher->error, HP_MEMORY, HP_NONE, 0, "out of memory");
		name = (const char *)finisher->strings.at + symbol->st_name;
	}
	if (strncmp(name, KLP_SYMBOL_PREFIX, strlen(KLP_SYMBOL_PREFIX)) != 0)
		return HP_OK;
	symbol->st_shndx = SHN_LIVEPATCH;
	finisher->changed = true;
	return parse_name(finisher, index, symbol->st_name);
}

static int finish_symbols(struct finisher *finisher)
{
	const Elf64_Shdr *table = &finisher->sections[finisher->symtab];
	int status = copy_strings(finisher, table->sh_link, &finisher->strings);

	finisher->waits_for = calloc(finisher->symbol_count + 1, KLP_NAME_SIZE);
	if (!finisher->waits_for)
		return fail(finisher->error, HP_MEMORY, HP_NONE, 0, "out of memory");
	for (size_t i = 0; i < finisher->symbol_count && !status; i++) {
		uint8_t *at = finisher->file.at + table->sh_offset + i * sizeof(Elf64_Sym);
		Elf64_Sym symbol;

		memcpy(&symbol, at, sizeof(symbol));
		status = finish_symbol(finisher, i, &symbol);
		memcpy(at, &symbol, sizeof(symbol));
	}
	return status;
}

static int add_section(struct finisher *finisher, size_t of, const char *object,
		       const struct buffer *relocations)
{
	const char *target = string_at(&finisher->section_names, finisher->sections[of].sh_name);
	Elf64_Shdr *grown;
	char *name;

	if (!target || finisher->section_count + 1 >= SHN_LORESERVE)
		return BAD(finisher, "section %zu has no name", of);
	grown = realloc(finisher->sections, (finisher->section_count + 1) * sizeof(*grown));
	if (!grown || asprintf(&name, KLP_RELA_PREFIX "%s.%s", object, target) < 0) {
		finisher->sections = grown ? grown : finisher->sections;
		return fail(finisher->error, HP_MEMORY, HP_NONE, 0, "out of memory");
	}
	finisher->sections = grown;
	buffer_align(&finisher->file, 8);
	grown[finisher->section_count++] =
		(Elf64_Shdr){.sh_name = (Elf64_Word)finisher->section_names.size,
			     .sh_type = SHT_RELA,
			     .sh_flags = SHF_ALLOC | SHF_INFO_LINK | SHF_RELA_LIVEPATCH,
			     .sh_offset = finisher->file.size,
			     .sh_size = relocations->size,
			     .sh_link = (Elf64_Word)finisher->symtab,
			     .sh_info = (Elf64_Word)of,
			     .sh_addralign = 8,
			     .sh_entsize = sizeof(Elf64_Rela)};
	buffer_add(&finisher->file, relocations->at, relocations->size);
	buffer_add(&finisher->section_names, name, strlen(name) + 1);
	free(name);
	return HP_OK;
}

// Object of the first livepatch relocation from AT on, or NULL.
static const char *next_object(const struct finisher *finisher, const Elf64_Rela *relocations, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (*finisher->waits_for[ELF64_R_SYM(relocations[i].r_info)])
			return finisher->waits_for[ELF64_R_SYM(relocations[i].r_info)];
	return NULL;
}

// Moves the relocations that wait for OBJECT out of RELOCATIONS, which stay in order; returns how many are left.
static size_t take_out(const struct finisher *finisher, const char *object, Elf64_Rela *relocations,
		       size_t count, struct buffer *taken)
{
	size_t left = 0;

	for (size_t i = 0; i < count; i++) {
		if (!strcmp(finisher->waits_for[ELF64_R_SYM(relocations[i].r_info)], object))
			buffer_add(taken, &relocations[i], sizeof(relocations[i]));
		else
			relocations[left++] = relocations[i];
	}
	return left;
}

static int split(struct finisher *finisher, size_t index, Elf64_Rela *relocations, size_t count)
{
	char object[KLP_NAME_SIZE];
	const char *next;
	int status = HP_OK;

	while (!status && (next = next_object(finisher, relocations, count))) {
		struct buffer taken = {0};

		snprintf(object, sizeof(object), "%s", next);
		count = take_out(finisher, object, relocations, count, &taken);
		status = add_section(finisher, finisher->sections[index].sh_info, object, &taken);
		if (taken.failed)
			status = fail(finisher->error, HP_MEMORY, HP_NONE, 0, "out of memory");
		free(taken.at);
	}
	memcpy(finisher->file.at + finisher->sections[index].sh_offset, relocations,
	       count * sizeof(*relocations));
	finisher->sections[index].sh_size = count * sizeof(*relocations);
	return status;
}

static int finish_relocations(struct finisher *finisher, size_t index)
{
	const Elf64_Shdr section = finisher->sections[index];
	size_t count = section.sh_size / sizeof(Elf64_Rela);
	Elf64_Rela *relocations;
	int status = HP_OK;

	if (section.sh_link != finisher->symtab || section.sh_size % sizeof(Elf64_Rela))
		return BAD(finisher, "relocation section %zu is not of the symbol table", index);
	relocations = malloc(section.sh_size + 1);
	if (!relocations)
		return fail(finisher->error, HP_MEMORY, HP_NONE, 0, "out of memory");
	memcpy(relocations, finisher->module + section.sh_offset, section.sh_size);
	for (size_t i = 0; i < count && !status; i++)
		if (ELF64_R_SYM(relocations[i].r_info) >= finisher->symbol_count)
			status = BAD(finisher, "relocation %zu of section %zu has no symbol", i, index);
	if (!status && next_object(finisher, relocations, count))
		status = split(finisher, index, relocations, count);
	free(relocations);
	return status;
}

static void replace_strings(struct finisher *finisher, size_t index, const struct buffer *strings)
{
	finisher->sections[index].sh_offset = finisher->file.size;
	finisher->sections[index].sh_size = strings->size;
	buffer_add(&finisher->file, strings->at, strings->size);
}

static int finish(struct finisher *finisher)
{
	size_t count;
	int status = read_headers(finisher);

	if (status)
		return status;
	count = finisher->section_count;
	buffer_add(&finisher->file, finisher->module, finisher->module_size);
	if (finisher->file.failed)
		return fail(finisher->error, HP_MEMORY, HP_NONE, 0, "out of memory");
	// Linkers put the section headers last; they are written anew.
	if (finisher->header.e_shoff + count * sizeof(Elf64_Shdr) == finisher->module_size)
		finisher->file.size = finisher->header.e_shoff;
	status = finish_symbols(finisher);
	if (!status)
		status = copy_strings(finisher, finisher->header.e_shstrndx, &finisher->section_names);
	for (size_t i = 1; i < count && !status; i++)
		if (finisher->sections[i].sh_type == SHT_RELA &&
		    !(finisher->sections[i].sh_flags & SHF_RELA_LIVEPATCH))
			status = finish_relocations(finisher, i);
	if (status)
		return status;
	if (!finisher->changed) { // finished already, or nothing to look up
		finisher->file.size = 0;
		buffer_add(&finisher->file, finisher->module, finisher->module_size);
		return HP_OK;
	}
	replace_strings(finisher, finisher->sections[finisher->symtab].sh_link, &finisher->strings);
	replace_strings(finisher, finisher->header.e_shstrndx, &finisher->section_names);
	buffer_align(&finisher->file, 8);
	finisher->header.e_shoff = finisher->file.size;
	finisher->header.e_shnum = (Elf64_Half)finisher->section_count;
	buffer_add(&finisher->file, finisher->sections, finisher->section_count * sizeof(Elf64_Shdr));
	if (!finisher->file.failed)
		memcpy(finisher->file.at, &finisher->header, sizeof(finisher->header));
	return HP_OK;
}

int klp_finish(const uint8_t *module, size_t module_size, uint8_t **bytes, size_t *size,
	       struct hp_error *error)
{
	struct finisher finisher = {.module = module, .module_size = module_size, .error = error};
	int status = finish(&finisher);

	free(finisher.sections);
	free(finisher.waits_for);
	free(finisher.strings.at);
	free(finisher.section_names.at);
	if (status)
		free(finisher.file.at);
	return status ? status : buffer_take(&finisher.file, bytes, size, error);
}
