// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Reads ELF64 relocatable objects into the model (ELF specification, "Object Files"). Every offset, count and
 * index of the file is checked here, once. The tables are read where they lie: nothing of the file is copied
 * but what the model needs, and the debug sections are not touched.
 */
#include "diff/model.h"

#include <elf.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct header { /* one section header, checked: its bytes lie in the file */
	uint32_t name, type, link, info;
	uint64_t flags, offset, size, align, entry_size;
};

struct reader {
	const char *path;
	const uint8_t *bytes;
	size_t size;
	bool swap;
	struct diags *diags;
	struct interner *names;
	struct object *object;
	struct header *headers;
	size_t header_count;
	const char *section_names;
	size_t section_names_size;
	size_t symbol_table; // header index, 0: none
	const uint8_t *wide_indexes;
	size_t wide_index_count;
	uint64_t name_budget; // bytes of names that may still be read
};

// ---- numbers of the file -------------------------------------------------------------------------

static uint16_t load16(const struct reader *reader, const void *at)
{
	uint16_t value;

	memcpy(&value, at, sizeof(value));
	return reader->swap ? __builtin_bswap16(value) : value;
}

static uint32_t load32(const struct reader *reader, const void *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return reader->swap ? __builtin_bswap32(value) : value;
}

static uint64_t load64(const struct reader *reader, const void *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value));
	return reader->swap ? __builtin_bswap64(value) : value;
}

static bool in_file(const struct reader *reader, uint64_t offset, uint64_t size)
{
	return offset <= reader->size && size <= reader->size - offset;
}

#define FAIL(reader, code, ...) (fail(reader, code, __VA_ARGS__), false)

PRINTF_LIKE(3, 4) static void fail(const struct reader *reader, const char *code, const char *format, ...)
{
	struct diag place = {.severity = DIAG_ERROR, .code = code, .object = reader->path};
	char message[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	diags_add(reader->diags, &place, "%s", message);
}

#define MALFORMED(reader, ...) FAIL(reader, "malformed-object", __VA_ARGS__)

// ---- the file header -----------------------------------------------------------------------------

static bool is_bitcode(const uint8_t *bytes, size_t size)
{
	return size >= 4 && (!memcmp(bytes, "BC\xc0\xde", 4) || !memcmp(bytes, "\xde\xc0\x17\x0b", 4));
}

static bool check_identity(struct reader *reader)
{
	const uint8_t *bytes = reader->bytes;

	if (is_bitcode(bytes, reader->size))
		return FAIL(
			reader, "lto-bytecode",
			"is LLVM bitcode, not machine code; build without -flto, or with -ffat-lto-objects");
	if (!reader->size)
		return MALFORMED(reader, "is empty; build it again");
	if (reader->size < sizeof(Elf64_Ehdr) || memcmp(bytes, ELFMAG, SELFMAG))
		return MALFORMED(reader, "is no ELF object; remove it from the tree or build it again");
	if (bytes[EI_CLASS] != ELFCLASS64)
		return FAIL(reader, "arch-mismatch",
			    "is no 64-bit object; only 64-bit machines can be compared");
	if ((bytes[EI_DATA] != ELFDATA2LSB && bytes[EI_DATA] != ELFDATA2MSB) ||
	    bytes[EI_VERSION] != EV_CURRENT)
		return MALFORMED(reader, "has an ELF identification that does not exist; build it again");
	reader->swap = bytes[EI_DATA] != (__BYTE_ORDER == __LITTLE_ENDIAN ? ELFDATA2LSB : ELFDATA2MSB);
	return true;
}

static bool read_file_header(struct reader *reader)
{
	const uint8_t *bytes = reader->bytes;
	uint16_t machine, type;

	if (!check_identity(reader))
		return false;
	type = load16(reader, bytes + offsetof(Elf64_Ehdr, e_type));
	machine = load16(reader, bytes + offsetof(Elf64_Ehdr, e_machine));
	if (type != ET_REL)
		return MALFORMED(reader, "is no relocatable object (ELF type %u); give its objects instead",
				 type);
	reader->object->arch = arch_find(machine, bytes[EI_DATA] == ELFDATA2MSB);
	if (!reader->object->arch)
		return FAIL(reader, "arch-mismatch", "is for machine %u, which this program does not know",
			    machine);
	return true;
}

// ---- section headers -----------------------------------------------------------------------------

static void read_header(const struct reader *reader, const uint8_t *at, struct header *header)
{
	header->name = load32(reader, at + offsetof(Elf64_Shdr, sh_name));
	header->type = load32(reader, at + offsetof(Elf64_Shdr, sh_type));
	header->flags = load64(reader, at + offsetof(Elf64_Shdr, sh_flags));
	header->offset = load64(reader, at + offsetof(Elf64_Shdr, sh_offset));
	header->size = load64(reader, at + offsetof(Elf64_Shdr, sh_size));
	header->link = load32(reader, at + offsetof(Elf64_Shdr, sh_link));
	header->info = load32(reader, at + offsetof(Elf64_Shdr, sh_info));
	header->align = load64(reader, at + offsetof(Elf64_Shdr, sh_addralign));
	header->entry_size = load64(reader, at + offsetof(Elf64_Shdr, sh_entsize));
}

/*
 * Each section's bytes lie in the file. Together they may not be longer than it: sections of a compiler never
 * overlap, and headers that all name the same bytes would let a small file cost any amount of work.
 */
static bool check_headers(struct reader *reader)
{
	uint64_t total = 0;

	for (size_t i = 1; i < reader->header_count; i++) {
		const struct header *header = &reader->headers[i];

		if (header->type == SHT_NOBITS) {
			if (header->size > INT64_MAX)
				return MALFORMED(reader, "section %zu is larger than the address space", i);
			continue;
		}
		if (header->type == SHT_NULL)
			continue;
		if (!in_file(reader, header->offset, header->size))
			return MALFORMED(
				reader,
				"section %zu lies outside of the file; it is truncated, build it again", i);
		total += header->size;
		if (total > reader->size)
			return MALFORMED(reader, "sections overlap each other in the file; build it again");
	}
	return true;
}

static bool read_headers(struct reader *reader)
{
	const uint8_t *bytes = reader->bytes;
	uint64_t offset = load64(reader, bytes + offsetof(Elf64_Ehdr, e_shoff));
	uint64_t count = load16(reader, bytes + offsetof(Elf64_Ehdr, e_shnum));
	uint32_t names = load16(reader, bytes + offsetof(Elf64_Ehdr, e_shstrndx));
	struct header first;

	if (!offset)
		return MALFORMED(reader, "has no sections");
	if (load16(reader, bytes + offsetof(Elf64_Ehdr, e_shentsize)) != sizeof(Elf64_Shdr) ||
	    !in_file(reader, offset, sizeof(Elf64_Shdr)))
		return MALFORMED(reader,
				 "section headers lie outside of the file; it is truncated, build it again");
	read_header(reader, bytes + offset, &first);
	if (!count) // more than fit into 16 bits: ELF "Extended numbering"
		count = first.size;
	if (names == SHN_XINDEX)
		names = first.link;
	if (!count || count > (reader->size - offset) / sizeof(Elf64_Shdr))
		return MALFORMED(reader,
				 "section headers lie outside of the file; it is truncated, build it again");
	reader->header_count = count;
	reader->headers = arena_array(reader->object->arena, count, sizeof(struct header));
	for (size_t i = 0; i < count; i++)
		read_header(reader, bytes + offset + i * sizeof(Elf64_Shdr), &reader->headers[i]);
	if (!check_headers(reader))
		return false;
	if (names >= count || reader->headers[names].type != SHT_STRTAB)
		return MALFORMED(reader, "has no table of section names");
	reader->section_names = (const char *)bytes + reader->headers[names].offset;
	reader->section_names_size = reader->headers[names].size;
	return true;
}

// The string at OFFSET of a table, NULL when it does not end inside of it. Names may share bytes; that a
// small file must not cost any amount of work, all of them together have a budget.
static const char *table_string(struct reader *reader, const char *table, size_t size, uint64_t offset)
{
	size_t room, length;

	if (offset >= size)
		return NULL;
	room = size - offset < reader->name_budget ? size - offset : reader->name_budget;
	length = strnlen(table + offset, room);
	if (length == room)
		return NULL;
	reader->name_budget -= length;
	return table + offset;
}

// ---- sections ------------------------------------------------------------------------------------

static bool is_init_section(const struct header *header, const char *name)
{
	static const char *const prefixes[] = {".init_array", ".fini_array", ".preinit_array", ".ctors",
					       ".dtors"};

	if (header->type == SHT_INIT_ARRAY || header->type == SHT_FINI_ARRAY ||
	    header->type == SHT_PREINIT_ARRAY)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (starts_with(name, prefixes[i]))
			return true;
	return !strcmp(name, ".init") || !strcmp(name, ".fini");
}

static enum section_role find_role(const struct header *header, const char *name,
				   const struct special_section *special)
{
	if (!(header->flags & SHF_ALLOC)) {
		if (special)
			return ROLE_SPECIAL;
		return starts_with(name, ".debug") || starts_with(name, ".zdebug") ||
				       starts_with(name, ".gnu.debuglto") || starts_with(name, ".stab")
			       ? ROLE_DEBUG
			       : ROLE_NOTE;
	}
	if (header->type == SHT_NOTE || starts_with(name, ".note."))
		return ROLE_NOTE;
	if (!strcmp(name, ".eh_frame"))
		return ROLE_UNWIND;
	if (!strcmp(name, ".gcc_except_table") || starts_with(name, ".gcc_except_table."))
		return ROLE_LSDA;
	if (special)
		return ROLE_SPECIAL;
	if (is_init_section(header, name))
		return ROLE_INIT;
	if (header->type != SHT_PROGBITS && header->type != SHT_NOBITS)
		return ROLE_OTHER;
	return header->flags & SHF_EXECINSTR ? ROLE_CODE : ROLE_DATA;
}

static unsigned find_flags(const struct header *header, const char *name)
{
	unsigned flags = 0;

	flags |= header->flags & SHF_ALLOC ? SECTION_ALLOC : 0;
	flags |= header->flags & SHF_WRITE ? SECTION_WRITE : 0;
	flags |= header->flags & SHF_EXECINSTR ? SECTION_EXEC : 0;
	flags |= header->flags & SHF_TLS ? SECTION_TLS : 0;
	flags |= header->type == SHT_NOBITS ? SECTION_ZERO : 0;
	if (header->flags & SHF_MERGE && header->entry_size && header->entry_size <= INT32_MAX &&
	    header->type == SHT_PROGBITS)
		flags |= SECTION_MERGE | (header->flags & SHF_STRINGS ? SECTION_STRINGS : 0);
	// GCC: varasm.cc, categorize_decl_for_section: .data.rel.ro, .data.rel.ro.local, with -fdata-sections
	// .NAME behind
	// .toc: addresses that the linker fills in, the compiler's own part of ppc64's GOT (ELFv2 ABI, section 3.4.1)
	if (starts_with(name, ".data.rel.ro") || !strcmp(name, ".toc"))
		flags |= SECTION_RELRO;
	return flags;
}

static bool read_sections(struct reader *reader)
{
	struct object *object = reader->object;

	object->section_count = reader->header_count;
	object->sections = arena_array(object->arena, object->section_count, sizeof(struct section));
	object->sections[0].name = "";
	object->sections[0].role = ROLE_NOTE;
	for (size_t i = 1; i < object->section_count; i++) {
		const struct header *header = &reader->headers[i];
		struct section *section = &object->sections[i];
		const struct special_section *special;

		section->name =
			table_string(reader, reader->section_names, reader->section_names_size, header->name);
		if (!section->name)
			return MALFORMED(reader, "the name of section %zu lies outside of the name table", i);
		if (!text_is_printable(section->name))
			return MALFORMED(reader, "the name of section %zu holds what is no text", i);
		section->name = intern(reader->names, section->name);
		section->index = (uint32_t)i;
		special = arch_special(object->arch, section->name);
		section->role = find_role(header, section->name, special);
		section->special = section->role == ROLE_SPECIAL ? special : NULL;
		section->flags = find_flags(header, section->name);
		section->size = header->type == SHT_NULL ? 0 : header->size;
		section->align = header->align ? header->align : 1;
		section->entry_size = header->entry_size;
		if (!(section->flags & SECTION_ZERO))
			section->data = header->type == SHT_NULL ? (const uint8_t *)""
								 : reader->bytes + header->offset;
		if (header->type == SHT_SYMTAB && !reader->symbol_table)
			reader->symbol_table = i;
	}
	for (size_t i = 1; i < object->section_count; i++)
		if (reader->headers[i].type == SHT_SYMTAB_SHNDX &&
		    reader->headers[i].link == reader->symbol_table) {
			reader->wide_indexes = object->sections[i].data;
			reader->wide_index_count = object->sections[i].size / 4;
		}
	return true;
}

// ---- symbols -------------------------------------------------------------------------------------

static enum symbol_kind find_kind(unsigned type)
{
	switch (type) {
	case STT_FUNC:
		return SYMBOL_FUNCTION;
	case STT_OBJECT:
	case STT_COMMON:
		return SYMBOL_OBJECT;
	case STT_TLS:
		return SYMBOL_TLS;
	case STT_GNU_IFUNC:
		return SYMBOL_IFUNC;
	case STT_SECTION:
		return SYMBOL_SECTION;
	case STT_FILE:
		return SYMBOL_FILE;
	default:
		return SYMBOL_NOTYPE;
	}
}

static enum symbol_visibility find_visibility(unsigned other)
{
	switch (ELF64_ST_VISIBILITY(other)) {
	case STV_INTERNAL:
		return VISIBILITY_INTERNAL;
	case STV_HIDDEN:
		return VISIBILITY_HIDDEN;
	case STV_PROTECTED:
		return VISIBILITY_PROTECTED;
	default:
		return VISIBILITY_DEFAULT;
	}
}

// Finds the section of a symbol, also where its index does not fit into 16 bits.
static bool place_symbol(struct reader *reader, struct symbol *symbol, uint32_t place)
{
	struct object *object = reader->object;

	switch (place) {
	case SHN_UNDEF:
		return true;
	case SHN_ABS:
		symbol->absolute = true;
		return true;
	case SHN_COMMON:
		symbol->common = true;
		return true;
	case SHN_XINDEX:
		if (symbol->index >= reader->wide_index_count)
			return MALFORMED(reader, "symbol %u has no section index", symbol->index);
		place = load32(reader, reader->wide_indexes + (size_t)symbol->index * 4);
		break;
	default:
		if (place >= SHN_LORESERVE)
			return MALFORMED(reader, "symbol %u is in the unknown special section %#x",
					 symbol->index, place);
	}
	if (place >= object->section_count)
		return MALFORMED(reader, "symbol %u is in section %u, which is not there", symbol->index,
				 place);
	symbol->section = &object->sections[place];
	if (symbol->value > symbol->section->size && symbol->section->flags & SECTION_ALLOC)
		return MALFORMED(reader, "symbol %u lies outside of its section", symbol->index);
	return true;
}

static bool read_symbol(struct reader *reader, const uint8_t *at, const char *strings, size_t strings_size,
			struct symbol *symbol)
{
	unsigned info = at[offsetof(Elf64_Sym, st_info)];
	const char *name = table_string(reader, strings, strings_size,
					load32(reader, at + offsetof(Elf64_Sym, st_name)));

	if (!name)
		return MALFORMED(reader, "the name of symbol %u lies outside of the string table",
				 symbol->index);
	if (!text_is_printable(name))
		return MALFORMED(reader, "the name of symbol %u holds what is no text", symbol->index);
	symbol->kind = find_kind(ELF64_ST_TYPE(info));
	symbol->binding = ELF64_ST_BIND(info) == STB_LOCAL  ? BINDING_LOCAL
			  : ELF64_ST_BIND(info) == STB_WEAK ? BINDING_WEAK
							    : BINDING_GLOBAL;
	symbol->visibility = find_visibility(at[offsetof(Elf64_Sym, st_other)]);
	symbol->value = load64(reader, at + offsetof(Elf64_Sym, st_value));
	symbol->size = load64(reader, at + offsetof(Elf64_Sym, st_size));
	if (!place_symbol(reader, symbol, load16(reader, at + offsetof(Elf64_Sym, st_shndx))))
		return false;
	if (symbol->kind == SYMBOL_SECTION && !*name && symbol->section)
		name = symbol->section->name;
	symbol->name = intern(reader->names, name);
	if (!strcmp(symbol->name, "__gnu_lto_slim"))
		return FAIL(reader, "lto-bytecode",
			    "holds GCC's intermediate code, not machine code; build without -flto, or with "
			    "-ffat-lto-objects");
	return true;
}

static bool read_symbols(struct reader *reader)
{
	struct object *object = reader->object;
	const struct header *table, *strings;
	const char *source_file = NULL;

	if (!reader->symbol_table) {
		object->symbol_count = 1;
		object->symbols = arena_array(object->arena, 1, sizeof(struct symbol));
		object->symbols[0].name = "";
		return true;
	}
	table = &reader->headers[reader->symbol_table];
	if (table->link >= reader->header_count || reader->headers[table->link].type != SHT_STRTAB)
		return MALFORMED(reader, "the symbol table has no string table");
	if (table->size < sizeof(Elf64_Sym) || table->size % sizeof(Elf64_Sym))
		return MALFORMED(reader, "the symbol table has a size that cannot be");
	strings = &reader->headers[table->link];
	object->symbol_count = table->size / sizeof(Elf64_Sym);
	object->symbols = arena_array(object->arena, object->symbol_count, sizeof(struct symbol));
	for (size_t i = 0; i < object->symbol_count; i++) {
		struct symbol *symbol = &object->symbols[i];

		symbol->index = (uint32_t)i;
		if (!read_symbol(reader, reader->bytes + table->offset + i * sizeof(Elf64_Sym),
				 (const char *)reader->bytes + strings->offset, strings->size, symbol))
			return false;
		if (symbol->kind == SYMBOL_FILE && symbol->absolute) {
			source_file = symbol->name;
			if (!object->source_file)
				object->source_file = source_file;
		}
		if (symbol->binding == BINDING_LOCAL)
			symbol->source_file = source_file;
	}
	return true;
}

// ---- groups --------------------------------------------------------------------------------------

static bool read_groups(struct reader *reader)
{
	struct object *object = reader->object;

	for (size_t i = 1; i < reader->header_count; i++) {
		const struct header *header = &reader->headers[i];
		const uint8_t *members;

		if (header->type != SHT_GROUP)
			continue;
		members = reader->bytes + header->offset; // checked; those of .bss are not
		if (header->info >= object->symbol_count || header->size % 4 || header->size < 4)
			return MALFORMED(reader, "section group %zu has no signature", i);
		for (size_t k = 1; k < header->size / 4; k++) {
			uint32_t member = load32(reader, members + k * 4);

			if (member >= object->section_count)
				return MALFORMED(reader,
						 "section group %zu names section %u, which is not there", i,
						 member);
			object->sections[member].group = object->symbols[header->info].name;
		}
	}
	return true;
}

// ---- relocations ---------------------------------------------------------------------------------

static bool is_reloc_table(const struct reader *reader, const struct header *header)
{
	return (header->type == SHT_RELA || header->type == SHT_REL) &&
	       header->link == reader->symbol_table && header->info && header->info < reader->header_count;
}

static size_t reloc_entry_size(const struct header *header)
{
	return header->type == SHT_RELA ? sizeof(Elf64_Rela) : sizeof(Elf64_Rel);
}

// Only what is loaded at run time, and tables of positions in it, are of interest.
static bool wants_relocs(const struct section *section)
{
	return section->flags & SECTION_ALLOC || section->role == ROLE_SPECIAL;
}

// A REL addend: the field's contents, sign-extended.
static int64_t field_addend(const struct reader *reader, const struct section *section,
			    const struct reloc *reloc)
{
	const uint8_t *at = section->data + reloc->offset;

	switch (reloc->info->size) {
	case 1:
		return (int8_t)*at;
	case 2:
		return (int16_t)load16(reader, at);
	case 4:
		return (int32_t)load32(reader, at);
	case 8:
		return (int64_t)load64(reader, at);
	default:
		return 0;
	}
}

static bool read_reloc(struct reader *reader, const struct header *table, const uint8_t *at,
		       const struct section *section, struct reloc *reloc)
{
	struct object *object = reader->object;
	uint64_t info = load64(reader, at + offsetof(Elf64_Rela, r_info));
	uint32_t type = (uint32_t)ELF64_R_TYPE(info);

	reloc->offset = load64(reader, at + offsetof(Elf64_Rela, r_offset));
	reloc->info = arch_reloc(object->arch, type);
	if (!reloc->info)
		return MALFORMED(reader, "section %s has a relocation of type %u, which is not known for %s",
				 section->name, type, object->arch->name);
	if (ELF64_R_SYM(info) >= object->symbol_count)
		return MALFORMED(reader,
				 "section %s has a relocation against symbol %" PRIu64 ", which is not there",
				 section->name, (uint64_t)ELF64_R_SYM(info));
	if (reloc->offset > section->size || reloc->info->size > section->size - reloc->offset ||
	    !section->data)
		return MALFORMED(reader, "section %s has a relocation outside of it", section->name);
	reloc->symbol = &object->symbols[ELF64_R_SYM(info)];
	reloc->addend = table->type == SHT_RELA ? (int64_t)load64(reader, at + offsetof(Elf64_Rela, r_addend))
						: field_addend(reader, section, reloc);
	return true;
}

static int compare_relocs(const void *a, const void *b)
{
	const struct reloc *left = a, *right = b;

	return left->offset < right->offset ? -1 : left->offset > right->offset;
}

// Order within one offset has a meaning on some machines (RISC-V's RELAX marks) and is kept: qsort may not be
// stable, so tables in order, which is what compilers write, are left alone, and others are sorted by
// merging.
static void sort_relocs(struct section *section)
{
	struct reloc *relocs = section->relocs, *other;
	size_t count = section->reloc_count;

	for (size_t i = 1; i < count; i++)
		if (relocs[i].offset < relocs[i - 1].offset)
			goto unsorted;
	return;
unsorted:
	other = xalloc(count * sizeof(*other));
	for (size_t width = 1; width < count; width *= 2) {
		for (size_t start = 0; start < count; start += 2 * width) {
			size_t middle = start + width < count ? start + width : count;
			size_t end = start + 2 * width < count ? start + 2 * width : count;
			size_t i = start, k = middle;

			for (size_t at = start; at < end; at++)
				other[at] = k >= end || (i < middle &&
							 compare_relocs(&relocs[i], &relocs[k]) <= 0)
						    ? relocs[i++]
						    : relocs[k++];
		}
		memcpy(relocs, other, count * sizeof(*relocs));
	}
	free(other);
}

static bool read_relocs(struct reader *reader)
{
	struct object *object = reader->object;

	for (size_t i = 1; i < reader->header_count; i++) {
		const struct header *header = &reader->headers[i];

		if (is_reloc_table(reader, header) && wants_relocs(&object->sections[header->info]))
			object->sections[header->info].reloc_count += header->size / reloc_entry_size(header);
	}
	for (size_t i = 1; i < object->section_count; i++) {
		struct section *section = &object->sections[i];

		section->relocs = arena_array(object->arena, section->reloc_count, sizeof(struct reloc));
		section->reloc_count = 0;
	}
	for (size_t i = 1; i < reader->header_count; i++) {
		const struct header *header = &reader->headers[i];
		struct section *section;

		if (!is_reloc_table(reader, header) || !wants_relocs(&object->sections[header->info]))
			continue;
		section = &object->sections[header->info];
		for (size_t k = 0; k < header->size / reloc_entry_size(header); k++)
			if (!read_reloc(reader, header,
					reader->bytes + header->offset + k * reloc_entry_size(header),
					section, &section->relocs[section->reloc_count++]))
				return false;
	}
	for (size_t i = 1; i < object->section_count; i++)
		sort_relocs(&object->sections[i]);
	return true;
}

// ---- the rest ------------------------------------------------------------------------------------

static void read_comment(struct object *object)
{
	for (size_t i = 1; i < object->section_count && !object->compiler; i++) {
		const struct section *section = &object->sections[i];
		const char *text = (const char *)section->data;
		size_t start = 0;

		if (strcmp(section->name, ".comment") || !text)
			continue;
		while (start < section->size && !text[start])
			start++;
		if (start < section->size && memchr(text + start, 0, section->size - start) &&
		    !text_has_controls(text + start))
			object->compiler = text + start;
	}
}

static bool has_line_table(const struct object *object)
{
	for (size_t i = 1; i < object->section_count; i++)
		if (!strcmp(object->sections[i].name, ".debug_line") ||
		    !strcmp(object->sections[i].name, ".zdebug_line"))
			return object->sections[i].size > 0;
	return false;
}

static bool read_object(struct reader *reader)
{
	const char *why = NULL;

	if (!read_file_header(reader) || !read_headers(reader) || !read_sections(reader) ||
	    !read_symbols(reader) || !read_groups(reader) || !read_relocs(reader))
		return false;
	read_comment(reader->object);
	reader->object->has_lines = has_line_table(reader->object);
	if (!object_split(reader->object, &why))
		return MALFORMED(reader, "%s", why);
	return true;
}

struct object *object_load(const char *path, const uint8_t *bytes, size_t size, struct interner *names,
			   struct diags *diags)
{
	struct arena *arena = arena_new();
	struct object *object = arena_alloc(arena, sizeof(*object));
	struct reader reader = {
		.bytes = bytes, .size = size, .diags = diags, .names = names, .object = object};

	object->arena = arena;
	object->path = reader.path = arena_strdup(arena, path);
	object->bytes = bytes;
	object->size = size;
	reader.name_budget = 16 * (uint64_t)size + 4096;
	if (read_object(&reader))
		return object;
	arena_free(arena);
	return NULL;
}
