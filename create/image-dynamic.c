// SPDX-License-Identifier: GPL-3.0-or-later
// The dynamic section: names, flags, and where its tables are (gABI "Dynamic Section").
#include "create/image-elf.h"

#include <string.h>

#ifndef DT_RELR // glibc 2.36
#define DT_RELRSZ 35
#define DT_RELR   36
#endif

struct dynamic {
	uint64_t strings, string_size, symbols, gnu_hash, hash, versions, needs, need_count, definitions,
		definition_count, rela, rela_size, jump_rela, jump_rela_size, relr, relr_size;
};

// What the file has from VADDR to the end of its segment, at most SIZE bytes.
static struct elf_range range_at(const struct image *image, uint64_t vaddr, uint64_t size)
{
	for (size_t i = 0; i < image->segment_count; i++) {
		const struct hp_segment *segment = &image->segments[i];
		uint64_t left;

		if (vaddr < segment->vaddr || vaddr - segment->vaddr >= segment->file_size)
			continue;
		left = segment->file_size - (vaddr - segment->vaddr);
		return (struct elf_range){image->private->elf.bytes + segment->offset +
						  (vaddr - segment->vaddr),
					  size < left ? size : left};
	}
	return (struct elf_range){NULL, 0};
}

static struct elf_range dynamic_section(const struct image *image)
{
	const struct elf_view *elf = &image->private->elf;

	for (size_t i = 0; i < elf->program_count; i++) {
		const Elf64_Phdr *program = &elf->programs[i];

		if (program->p_type == PT_DYNAMIC && elf_in_file(elf, program->p_offset, program->p_filesz))
			return (struct elf_range){elf->bytes + program->p_offset, program->p_filesz};
	}
	return (struct elf_range){NULL, 0};
}

static void take_flags(struct image *image, uint64_t tag, uint64_t value)
{
	switch (tag) {
	case DT_FLAGS:
		image->bind_now = image->bind_now || value & DF_BIND_NOW;
		image->text_relocations = image->text_relocations || value & DF_TEXTREL;
		image->symbolic = image->symbolic || value & DF_SYMBOLIC;
		break;
	case DT_FLAGS_1:
		image->bind_now = image->bind_now || value & DF_1_NOW;
		image->executable = image->executable || value & DF_1_PIE;
		break;
	case DT_BIND_NOW:
		image->bind_now = true;
		break;
	case DT_TEXTREL:
		image->text_relocations = true;
		break;
	case DT_SYMBOLIC:
		image->symbolic = true;
		break;
	case DT_PLTGOT:
		image->got_base = value;
		break;
	}
}

static uint64_t *table_of(struct dynamic *dynamic, uint64_t tag)
{
	switch (tag) {
	case DT_STRTAB:
		return &dynamic->strings;
	case DT_STRSZ:
		return &dynamic->string_size;
	case DT_SYMTAB:
		return &dynamic->symbols;
	case DT_GNU_HASH:
		return &dynamic->gnu_hash;
	case DT_HASH:
		return &dynamic->hash;
	case DT_VERSYM:
		return &dynamic->versions;
	case DT_VERNEED:
		return &dynamic->needs;
	case DT_VERNEEDNUM:
		return &dynamic->need_count;
	case DT_VERDEF:
		return &dynamic->definitions;
	case DT_VERDEFNUM:
		return &dynamic->definition_count;
	case DT_RELA:
		return &dynamic->rela;
	case DT_RELASZ:
		return &dynamic->rela_size;
	case DT_JMPREL:
		return &dynamic->jump_rela;
	case DT_PLTRELSZ:
		return &dynamic->jump_rela_size;
	case DT_RELR:
		return &dynamic->relr;
	case DT_RELRSZ:
		return &dynamic->relr_size;
	default:
		return NULL;
	}
}

// The symbols that no hash chain holds come first; the longest chain ends with the last one (binutils' .gnu.hash:
// nbuckets, symoffset, bloom size, bloom shift, bloom, buckets, chains; an odd chain word ends a chain).
static uint64_t count_by_gnu_hash(const struct image *image, uint64_t vaddr)
{
	struct elf_range table = range_at(image, vaddr, UINT64_MAX);
	uint32_t head[4], highest = 0, word;
	uint64_t buckets, chains;

	if (table.size < sizeof(head))
		return 0;
	memcpy(head, table.at, sizeof(head));
	buckets = sizeof(head) + 8ull * head[2];
	chains = buckets + 4ull * head[0];
	if (chains > table.size)
		return 0;
	for (uint32_t i = 0; i < head[0]; i++) {
		memcpy(&word, table.at + buckets + 4ull * i, 4);
		highest = word > highest ? word : highest;
	}
	if (highest < head[1])
		return head[1];
	for (;; highest++) {
		uint64_t at = chains + 4ull * (highest - head[1]);

		if (at + 4 > table.size || highest == UINT32_MAX)
			return 0;
		memcpy(&word, table.at + at, 4);
		if (word & 1)
			return highest + 1ull;
	}
}

static uint64_t count_symbols(const struct image *image, const struct dynamic *dynamic)
{
	const struct elf_view *elf = &image->private->elf;
	const Elf64_Shdr *section = elf_find_type(elf, SHT_DYNSYM);
	struct elf_range hash;
	uint32_t count;

	if (section && section->sh_addr == dynamic->symbols)
		return section->sh_size / sizeof(Elf64_Sym);
	if (dynamic->gnu_hash)
		return count_by_gnu_hash(image, dynamic->gnu_hash);
	hash = range_at(image, dynamic->hash, 8);
	if (!dynamic->hash || hash.size < 8)
		return 0;
	memcpy(&count, hash.at + 4, 4);
	return count;
}

static void take_tables(struct image *image, const struct dynamic *dynamic)
{
	struct image_private *private = image->private;
	uint64_t count = dynamic->symbols ? count_symbols(image, dynamic) : 0;

	if (count > UINT32_MAX)
		count = 0;
	if (dynamic->strings)
	private->dynamic_strings = range_at(image, dynamic->strings, dynamic->string_size);
	if (count)
	private->dynamic_symbols = range_at(image, dynamic->symbols, count * sizeof(Elf64_Sym));
	if (dynamic->versions)
	private->versions = range_at(image, dynamic->versions, count * 2);
	if (dynamic->needs)
	private->version_needs = range_at(image, dynamic->needs, UINT64_MAX);
	if (dynamic->definitions)
	private->version_definitions = range_at(image, dynamic->definitions, UINT64_MAX);
	private->rela = range_at(image, dynamic->rela, dynamic->rela_size);
	private->jump_rela = range_at(image, dynamic->jump_rela, dynamic->jump_rela_size);
	private->relr = range_at(image, dynamic->relr, dynamic->relr_size);
	private->version_need_count = dynamic->need_count;
	private->version_definition_count = dynamic->definition_count;
}

void image_read_dynamic(struct image *image)
{
	struct elf_range section = dynamic_section(image);
	struct dynamic dynamic = {0};
	Elf64_Dyn entry;
	size_t count = 0;

	for (size_t at = 0; section.size - at >= sizeof(entry); at += sizeof(entry), count++) {
		uint64_t *table;

		memcpy(&entry, section.at + at, sizeof(entry));
		if (entry.d_tag == DT_NULL)
			break;
		take_flags(image, (uint64_t)entry.d_tag, entry.d_un.d_val);
		table = table_of(&dynamic, (uint64_t)entry.d_tag);
		if (table)
			*table = entry.d_un.d_val;
	}
	take_tables(image, &dynamic);
	image->needed = arena_array(image->arena, count + 1, sizeof(*image->needed));
	for (size_t i = 0; i < count; i++) {
		const char *name;

		memcpy(&entry, section.at + i * sizeof(entry), sizeof(entry));
		name = elf_string(&image->private->dynamic_strings, entry.d_un.d_val);
		if (entry.d_tag == DT_NEEDED && *name)
			image->needed[image->needed_count++] = name;
		else if (entry.d_tag == DT_SONAME && *name)
			image->soname = name;
	}
}
