// SPDX-License-Identifier: GPL-3.0-or-later
// Writes an ET_REL file by hand: header, section contents, SHT_RELA tables, .symtab, .strtab, .shstrtab,
// headers.
#include "create/payload.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

struct payload *payload_new(struct arena *arena)
{
	struct payload *payload = arena_alloc(arena, sizeof(*payload));

	payload->arena = arena;
	return payload;
}

void payload_free(struct payload *payload)
{
	if (!payload)
		return;
	for (size_t i = 0; i < payload->sections.count; i++) {
		free(payload->sections.at[i]->bytes.at);
		free(payload->sections.at[i]->relocs.at);
	}
	free(payload->sections.at);
	free(payload->symbols.at);
}

struct payload_section *payload_add_section(struct payload *payload, const char *name, uint32_t type,
					    uint64_t flags)
{
	struct payload_section *section = arena_alloc(payload->arena, sizeof(*section));

	section->name = name;
	section->type = type;
	section->flags = flags;
	section->align = 1;
	*vec_push(&payload->sections) = section;
	return section;
}

struct payload_section *payload_get_section(struct payload *payload, const char *name, uint32_t type,
					    uint64_t flags)
{
	for (size_t i = 0; i < payload->sections.count; i++) {
		struct payload_section *section = payload->sections.at[i];

		if (section->type == type && section->flags == flags && !strcmp(section->name, name))
			return section;
	}
	return payload_add_section(payload, name, type, flags);
}

uint64_t payload_append(struct payload_section *section, const void *bytes, uint64_t size, uint64_t align)
{
	uint64_t start = (section->size + align - 1) & ~(align - 1);

	if (align > section->align)
		section->align = align;
	if (section->type != SHT_NOBITS) {
		while (section->bytes.count < start)
			*vec_push(&section->bytes) = 0;
		for (uint64_t i = 0; i < size; i++)
			*vec_push(&section->bytes) = bytes ? ((const uint8_t *)bytes)[i] : 0;
	}
	section->size = start + size;
	return start;
}

void payload_relocate(struct payload_section *section, uint64_t offset, uint32_t type,
		      struct payload_symbol *symbol, int64_t addend)
{
	*vec_push(&section->relocs) =
		(struct payload_reloc){.offset = offset, .type = type, .symbol = symbol, .addend = addend};
}

struct payload_symbol *payload_add_symbol(struct payload *payload, const char *name,
					  struct payload_section *section, uint64_t value, uint64_t size,
					  uint8_t info)
{
	struct payload_symbol *symbol = arena_alloc(payload->arena, sizeof(*symbol));

	*symbol = (struct payload_symbol){
		.name = name, .section = section, .value = value, .size = size, .info = info};
	*vec_push(&payload->symbols) = symbol;
	return symbol;
}

struct payload_symbol *payload_section_symbol(struct payload *payload, struct payload_section *section)
{
	if (!section->start)
		section->start =
			payload_add_symbol(payload, "", section, 0, 0, ELF64_ST_INFO(STB_LOCAL, STT_SECTION));
	return section->start;
}

// ---- writing
// -------------------------------------------------------------------------------------------------

typedef VEC(uint8_t) buffer;

static size_t put(buffer *to, const void *bytes, size_t size, size_t align)
{
	size_t start;

	while (to->count % align)
		*vec_push(to) = 0;
	start = to->count;
	for (size_t i = 0; i < size; i++)
		*vec_push(to) = ((const uint8_t *)bytes)[i];
	return start;
}

struct strings {
	buffer bytes;
	struct strmap *known; // name -> offset + 1
};

static uint32_t put_string(struct strings *strings, const char *name)
{
	void **place;

	if (!*name)
		return 0;
	place = strmap_put(strings->known, name);
	if (!*place)
		*place = (void *)(uintptr_t)(put(&strings->bytes, name, strlen(name) + 1, 1) + 1);
	return (uint32_t)((uintptr_t)*place - 1);
}

static void strings_open(struct strings *strings)
{
	*strings = (struct strings){.known = strmap_new()};
	*vec_push(&strings->bytes) = 0;
}

static void strings_close(struct strings *strings)
{
	strmap_free(strings->known);
	free(strings->bytes.at);
}

static int compare_relocs(const void *left, const void *right)
{
	const struct payload_reloc *a = left, *b = right;

	return a->offset < b->offset ? -1 : a->offset > b->offset;
}

static Elf64_Sym elf_symbol(const struct payload_symbol *symbol, struct strings *strings)
{
	return (Elf64_Sym){.st_name = put_string(strings, symbol->name),
			   .st_info = symbol->info,
			   .st_shndx = (uint16_t)(symbol->section ? symbol->section->index : SHN_UNDEF),
			   .st_value = symbol->value,
			   .st_size = symbol->size};
}

// Locals first, as the specification wants; within each kind the order in which they were added.
static size_t put_symbols(struct payload *payload, buffer *out, struct strings *strings,
			  uint32_t *first_global)
{
	Elf64_Sym null = {0}, entry;
	size_t start = put(out, &null, sizeof(null), 8);
	uint32_t index = 1;

	for (int global = 0; global < 2; global++) {
		for (size_t i = 0; i < payload->symbols.count; i++) {
			struct payload_symbol *symbol = payload->symbols.at[i];

			if ((ELF64_ST_BIND(symbol->info) != STB_LOCAL) != global)
				continue;
			symbol->index = index++;
			entry = elf_symbol(symbol, strings);
			put(out, &entry, sizeof(entry), 8);
		}
		if (!global)
			*first_global = index;
	}
	return start;
}

static size_t put_relocs(struct payload_section *section, buffer *out)
{
	size_t start = put(out, "", 0, 8);

	qsort(section->relocs.at, section->relocs.count, sizeof(*section->relocs.at), compare_relocs);
	for (size_t i = 0; i < section->relocs.count; i++) {
		const struct payload_reloc *reloc = &section->relocs.at[i];
		Elf64_Rela entry = {
			.r_offset = reloc->offset,
			.r_info = ELF64_R_INFO(reloc->symbol ? reloc->symbol->index : 0, reloc->type),
			.r_addend = reloc->addend};

		put(out, &entry, sizeof(entry), 8);
	}
	return start;
}

static Elf64_Shdr content_header(struct payload_section *section, buffer *out, struct strings *names)
{
	size_t align = section->align ? section->align : 1;

	return (Elf64_Shdr){
		.sh_name = put_string(names, section->name),
		.sh_type = section->type,
		.sh_flags = section->flags,
		.sh_offset = put(out, section->bytes.at, section->type == SHT_NOBITS ? 0 : section->size,
				 section->type == SHT_NOBITS ? 1 : align),
		.sh_size = section->size,
		.sh_addralign = align,
		.sh_entsize = section->entry_size,
	};
}

void payload_write(struct payload *payload, uint16_t machine, uint8_t **bytes, size_t *size)
{
	size_t count = payload->sections.count, tables = 0, at = 1, symtab;
	struct strings names, strings;
	uint32_t first_global = 1;
	Elf64_Shdr *headers;
	Elf64_Ehdr header = {0};
	buffer out = {0};

	for (size_t i = 0; i < count; i++) {
		payload->sections.at[i]->index = (uint32_t)(i + 1);
		tables += payload->sections.at[i]->relocs.count > 0;
	}
	headers = arena_array(payload->arena, 1 + count + tables + 3, sizeof(*headers));
	strings_open(&names);
	strings_open(&strings);
	put(&out, &header, sizeof(header), 1);
	for (size_t i = 0; i < count; i++)
		headers[at++] = content_header(payload->sections.at[i], &out, &names);
	symtab = 1 + count + tables;
	headers[symtab].sh_offset = put_symbols(payload, &out, &strings, &first_global);
	headers[symtab].sh_size = (payload->symbols.count + 1) * sizeof(Elf64_Sym);
	headers[symtab].sh_name = put_string(&names, ".symtab");
	headers[symtab].sh_type = SHT_SYMTAB;
	headers[symtab].sh_link = (uint32_t)(symtab + 1);
	headers[symtab].sh_info = first_global;
	headers[symtab].sh_addralign = 8;
	headers[symtab].sh_entsize = sizeof(Elf64_Sym);
	for (size_t i = 0; i < count; i++) {
		struct payload_section *section = payload->sections.at[i];

		if (!section->relocs.count)
			continue;
		headers[at++] = (Elf64_Shdr){
			.sh_name = put_string(&names, arena_printf(payload->arena, ".rela%s", section->name)),
			.sh_type = SHT_RELA,
			.sh_flags = SHF_INFO_LINK,
			.sh_offset = put_relocs(section, &out),
			.sh_size = section->relocs.count * sizeof(Elf64_Rela),
			.sh_link = (uint32_t)symtab,
			.sh_info = section->index,
			.sh_addralign = 8,
			.sh_entsize = sizeof(Elf64_Rela),
		};
	}
	headers[symtab + 1] = (Elf64_Shdr){.sh_name = put_string(&names, ".strtab"),
					   .sh_type = SHT_STRTAB,
					   .sh_offset = put(&out, strings.bytes.at, strings.bytes.count, 1),
					   .sh_size = strings.bytes.count,
					   .sh_addralign = 1};
	headers[symtab + 2].sh_name = put_string(&names, ".shstrtab");
	headers[symtab + 2].sh_type = SHT_STRTAB;
	headers[symtab + 2].sh_offset = put(&out, names.bytes.at, names.bytes.count, 1);
	headers[symtab + 2].sh_size = names.bytes.count;
	headers[symtab + 2].sh_addralign = 1;
	memcpy(header.e_ident, "\177ELF\2\1\1", 7);
	header.e_type = ET_REL;
	header.e_machine = machine;
	header.e_version = EV_CURRENT;
	header.e_ehsize = sizeof(header);
	header.e_shentsize = sizeof(Elf64_Shdr);
	header.e_shnum = (uint16_t)(symtab + 3);
	header.e_shstrndx = (uint16_t)(symtab + 2);
	header.e_shoff = put(&out, headers, (symtab + 3) * sizeof(*headers), 8);
	memcpy(out.at, &header, sizeof(header));
	*size = out.count;
	*bytes = arena_alloc(payload->arena, out.count ? out.count : 1);
	memcpy(*bytes, out.at, out.count);
	free(out.at);
	strings_close(&names);
	strings_close(&strings);
}
