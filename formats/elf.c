// SPDX-License-Identifier: MIT
// Reads a payload: an ELF64 little-endian relocatable object (System V gABI, chapter 4). It may be hostile: every
// offset and index is checked here, once, and what is left behind can be trusted.
#include "formats/package.h"

#include <elf.h>
#include <string.h>

struct reader {
	const struct hp_target *target;
	struct linkage *linkage;
	struct pool *pool;
	struct hp_error *error;
};

#define BAD(reader, at, ...) fail((reader)->error, HP_MALFORMED, HP_NONE, at, __VA_ARGS__)

static bool within(uint64_t offset, uint64_t size, uint64_t whole)
{
	return offset <= whole && size <= whole - offset;
}

// A NUL-terminated string of a string table that ends with a NUL; NULL when it lies outside.
static const char *string_at(const struct elf_section *table, uint64_t offset)
{
	if (table->type != SHT_STRTAB || !table->data || !table->size || table->data[table->size - 1] ||
	    offset >= table->size)
		return NULL;
	return (const char *)table->data + offset;
}

static int read_sections(struct reader *reader, const Elf64_Ehdr *header)
{
	const uint8_t *file = reader->target->payload;
	uint64_t size = reader->target->payload_size;
	struct linkage *linkage = reader->linkage;

	if (header->e_shentsize != sizeof(Elf64_Shdr) || !header->e_shnum ||
	    !within(header->e_shoff, (uint64_t)header->e_shnum * sizeof(Elf64_Shdr), size))
		return BAD(reader, header->e_shoff, "payload: section headers lie outside of the file");
	linkage->section_count = header->e_shnum;
	linkage->sections = pool_alloc(reader->pool, linkage->section_count, sizeof(*linkage->sections));
	linkage->region = pool_alloc(reader->pool, linkage->section_count, 1);
	linkage->offset = pool_alloc(reader->pool, linkage->section_count, sizeof(*linkage->offset));
	if (!linkage->sections || !linkage->region || !linkage->offset)
		return fail(reader->error, HP_MEMORY, HP_NONE, 0, "out of memory");
	for (size_t i = 0; i < linkage->section_count; i++) {
		struct elf_section *section = &linkage->sections[i];
		Elf64_Shdr raw;

		memcpy(&raw, file + header->e_shoff + i * sizeof(raw), sizeof(raw));
		*section = (struct elf_section){.type = raw.sh_type,
						.link = raw.sh_link,
						.info = raw.sh_info,
						.flags = raw.sh_flags,
						.align = raw.sh_addralign ? raw.sh_addralign : 1,
						.size = raw.sh_size,
						.entry_size = raw.sh_entsize};
		if (raw.sh_type == SHT_NULL)
			*section = (struct elf_section){.align = 1};
		else if (raw.sh_type != SHT_NOBITS && !within(raw.sh_offset, raw.sh_size, size))
			return BAD(reader, header->e_shoff, "payload: section %zu lies outside of the file",
				   i);
		else if (raw.sh_type != SHT_NOBITS)
			section->data = file + raw.sh_offset;
		if (section->align & (section->align - 1) || section->align > 1 << 16 ||
		    section->size > RAW_SIZE_MAX)
			return BAD(reader, header->e_shoff,
				   "payload: section %zu has an impossible size or alignment", i);
		section->name_at = raw.sh_name;
	}
	if (header->e_shstrndx >= linkage->section_count)
		return BAD(reader, 0, "payload: no section names");
	for (size_t i = 0; i < linkage->section_count; i++) {
		struct elf_section *section = &linkage->sections[i];

		section->name = section->type == SHT_NULL
					? ""
					: string_at(&linkage->sections[header->e_shstrndx], section->name_at);
		if (!section->name)
			return BAD(reader, header->e_shoff, "payload: section %zu has no name", i);
	}
	return HP_OK;
}

static int read_symbol(struct reader *reader, const struct elf_section *strings, size_t index,
		       const Elf64_Sym *raw)
{
	struct linkage *linkage = reader->linkage;
	struct elf_symbol *symbol = &linkage->symbols[index];

	*symbol = (struct elf_symbol){.name = string_at(strings, raw->st_name),
				      .info = raw->st_info,
				      .section = raw->st_shndx,
				      .value = raw->st_value,
				      .size = raw->st_size,
				      .binding = HP_NONE};
	if (!symbol->name)
		return BAD(reader, 0, "payload: symbol %zu has no name", index);
	if (raw->st_shndx >= SHN_LORESERVE)
		return fail(reader->error, HP_UNSUPPORTED, HP_NONE, 0,
			    "payload: symbol %s is common or absolute, which a payload must not hold",
			    symbol->name);
	if (symbol->section >= linkage->section_count)
		return BAD(reader, 0, "payload: symbol %s is in a section that is not there", symbol->name);
	if (symbol->section && !within(symbol->value, symbol->size, linkage->sections[symbol->section].size))
		return BAD(reader, 0, "payload: symbol %s lies outside of its section", symbol->name);
	return HP_OK;
}

static int read_symbols(struct reader *reader)
{
	struct linkage *linkage = reader->linkage;
	const struct elf_section *table = NULL;
	int status = HP_OK;

	for (size_t i = 0; i < linkage->section_count; i++) {
		if (linkage->sections[i].type != SHT_SYMTAB)
			continue;
		if (table)
			return BAD(reader, 0, "payload: two symbol tables");
		table = &linkage->sections[i];
	}
	if (!table || table->entry_size != sizeof(Elf64_Sym) || table->size % sizeof(Elf64_Sym) ||
	    !table->size || table->link >= linkage->section_count)
		return BAD(reader, 0, "payload: no usable symbol table");
	linkage->symbol_count = table->size / sizeof(Elf64_Sym);
	linkage->symbols = pool_alloc(reader->pool, linkage->symbol_count, sizeof(*linkage->symbols));
	if (!linkage->symbols)
		return fail(reader->error, HP_MEMORY, HP_NONE, 0, "out of memory");
	for (size_t i = 0; i < linkage->symbol_count && !status; i++) {
		Elf64_Sym raw;

		memcpy(&raw, table->data + i * sizeof(raw), sizeof(raw));
		status = read_symbol(reader, &linkage->sections[table->link], i, &raw);
	}
	return status;
}

// Sections keep the order of the file within their region, each at its alignment: sizes are exact.
static int lay_out(struct reader *reader)
{
	struct linkage *linkage = reader->linkage;
	struct hp_layout *layout = &linkage->layout;

	layout->align[0] = layout->align[1] = 1;
	for (size_t i = 0; i < linkage->section_count; i++) {
		const struct elf_section *section = &linkage->sections[i];
		unsigned region = section->flags & SHF_WRITE ? HP_REGION_DATA : HP_REGION_CODE;

		if (!(section->flags & SHF_ALLOC)) {
			linkage->region[i] = HP_REGION_NONE;
			continue;
		}
		if (section->flags & SHF_TLS)
			return fail(reader->error, HP_UNSUPPORTED, HP_NONE, 0,
				    "payload: section %s is thread-local", section->name);
		if (section->flags & SHF_WRITE && section->flags & SHF_EXECINSTR)
			return fail(reader->error, HP_UNSUPPORTED, HP_NONE, 0,
				    "payload: section %s is writable code", section->name);
		linkage->region[i] = (uint8_t)region;
		layout->size[region] = (layout->size[region] + section->align - 1) & ~(section->align - 1);
		linkage->offset[i] = layout->size[region];
		layout->size[region] += section->size;
		if (layout->size[region] > RAW_SIZE_MAX)
			return fail(reader->error, HP_LIMIT, HP_NONE, 0,
				    "payload: more than %llu bytes in memory",
				    (unsigned long long)RAW_SIZE_MAX);
		if (section->align > layout->align[region])
			layout->align[region] = section->align;
	}
	layout->section_count = linkage->section_count;
	layout->region = linkage->region;
	layout->offset = linkage->offset;
	return HP_OK;
}

static bool is_defined(const struct linkage *linkage, uint32_t symbol)
{
	return symbol < linkage->symbol_count && linkage->symbols[symbol].section &&
	       linkage->region[linkage->symbols[symbol].section] != HP_REGION_NONE;
}

// The tables of the target speak of payload symbols: each must be there and of the right kind.
static int check_tables(struct reader *reader)
{
	const struct hp_target *target = reader->target;
	struct linkage *linkage = reader->linkage;

	for (size_t i = 0; i < target->function_count; i++)
		if (!is_defined(linkage, target->functions[i].symbol) ||
		    (target->functions[i].prologue != HP_NONE &&
		     !is_defined(linkage, target->functions[i].prologue)))
			return BAD(reader, 0, "function %zu names a payload symbol that is not defined", i);
	for (size_t i = 0; i < target->part_count; i++)
		if (target->parts[i].symbol != HP_NONE && !is_defined(linkage, target->parts[i].symbol))
			return BAD(reader, 0, "part %zu names a payload symbol that is not defined", i);
	for (size_t i = 0; i < target->state_count; i++)
		if (!is_defined(linkage, target->states[i].symbol))
			return BAD(reader, 0, "datum %zu names a payload symbol that is not defined", i);
	for (size_t i = 0; i < target->hook_count; i++)
		if (!is_defined(linkage, target->hooks[i].symbol))
			return BAD(reader, 0, "hook %zu names a payload symbol that is not defined", i);
	for (uint32_t i = 0; i < target->binding_count; i++) {
		uint32_t symbol = target->bindings[i].symbol;

		if (!symbol || symbol >= linkage->symbol_count || linkage->symbols[symbol].section ||
		    linkage->symbols[symbol].binding != HP_NONE)
			return BAD(reader, 0, "binding %u is not for an undefined payload symbol of its own",
				   i);
		linkage->symbols[symbol].binding = i;
	}
	for (uint32_t i = 1; i < linkage->symbol_count; i++) {
		if (linkage->symbols[i].section)
			continue;
		if (linkage->symbols[i].binding == HP_NONE)
			return BAD(reader, 0, "payload symbol %s is not bound to anything",
				   linkage->symbols[i].name);
		if (strcmp(linkage->symbols[i].name, "_GLOBAL_OFFSET_TABLE_"))
			continue;
		if (linkage->got)
			return BAD(reader, 0, "payload: two symbols _GLOBAL_OFFSET_TABLE_");
		linkage->got = i;
	}
	return HP_OK;
}

int read_payload(struct pool *pool, const struct hp_target *target, struct linkage **linkage,
		 struct hp_error *error)
{
	struct reader reader = {.target = target, .pool = pool, .error = error};
	Elf64_Ehdr header;
	int status;

	reader.linkage = *linkage = pool_alloc(pool, 1, sizeof(**linkage));
	if (!*linkage)
		return fail(error, HP_MEMORY, HP_NONE, 0, "out of memory");
	if (target->payload_size < sizeof(header))
		return BAD(&reader, 0, "payload: shorter than an ELF header");
	memcpy(&header, target->payload, sizeof(header));
	if (memcmp(header.e_ident, ELFMAG, SELFMAG) || header.e_ident[EI_CLASS] != ELFCLASS64 ||
	    header.e_ident[EI_DATA] != ELFDATA2LSB || header.e_type != ET_REL ||
	    header.e_machine != target->machine)
		return BAD(&reader, 0, "payload: not a relocatable ELF object of the target's machine");
	status = read_sections(&reader, &header);
	if (!status)
		status = read_symbols(&reader);
	if (!status)
		status = lay_out(&reader);
	if (!status)
		status = check_tables(&reader);
	return status;
}
