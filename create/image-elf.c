// SPDX-License-Identifier: GPL-3.0-or-later
// The raw ELF file: headers, string tables, notes (ELF specification, "Object Files", "Program Loading").
#include "create/image-elf.h"

#include <string.h>

bool elf_in_file(const struct elf_view *view, uint64_t offset, uint64_t size)
{
	return offset <= view->size && size <= view->size - offset;
}

static const char *read_header(struct elf_view *view)
{
	if (view->size < sizeof(view->header) || memcmp(view->bytes, ELFMAG, SELFMAG) != 0)
		return "is no ELF file";
	memcpy(&view->header, view->bytes, sizeof(view->header));
	if (view->header.e_ident[EI_CLASS] != ELFCLASS64 || view->header.e_ident[EI_DATA] != ELFDATA2LSB)
		return "is no 64-bit little-endian ELF file";
	return NULL;
}

static const char *read_programs(struct elf_view *view, struct arena *arena)
{
	const Elf64_Ehdr *header = &view->header;

	if (!header->e_phnum)
		return NULL;
	if (header->e_phentsize != sizeof(Elf64_Phdr))
		return "has program headers of a size that does not exist";
	if (!elf_in_file(view, header->e_phoff, (uint64_t)header->e_phnum * sizeof(Elf64_Phdr)))
		return "has program headers outside of the file";
	view->program_count = header->e_phnum;
	view->programs = arena_array(arena, view->program_count, sizeof(Elf64_Phdr));
	memcpy(view->programs, view->bytes + header->e_phoff, view->program_count * sizeof(Elf64_Phdr));
	return NULL;
}

static const char *read_sections(struct elf_view *view, struct arena *arena)
{
	const Elf64_Ehdr *header = &view->header;
	uint64_t count = header->e_shnum;

	if (!header->e_shoff)
		return NULL;
	if (header->e_shentsize != sizeof(Elf64_Shdr))
		return "has section headers of a size that does not exist";
	if (!count) { // more than fit: the null section's size tells
		Elf64_Shdr first;

		if (!elf_in_file(view, header->e_shoff, sizeof(first)))
			return "has section headers outside of the file";
		memcpy(&first, view->bytes + header->e_shoff, sizeof(first));
		count = first.sh_size;
	}
	if (count > view->size / sizeof(Elf64_Shdr) ||
	    !elf_in_file(view, header->e_shoff, count * sizeof(Elf64_Shdr)))
		return "has section headers outside of the file";
	view->section_count = count;
	view->sections = arena_array(arena, count, sizeof(Elf64_Shdr));
	memcpy(view->sections, view->bytes + header->e_shoff, count * sizeof(Elf64_Shdr));
	return NULL;
}

const char *elf_view_open(struct elf_view *view, const uint8_t *bytes, size_t size, struct arena *arena)
{
	const char *wrong;

	*view = (struct elf_view){.bytes = bytes, .size = size};
	wrong = read_header(view);
	if (!wrong)
		wrong = read_programs(view, arena);
	if (!wrong)
		wrong = read_sections(view, arena);
	return wrong;
}

struct elf_range elf_section_range(const struct elf_view *view, const Elf64_Shdr *section)
{
	if (!section || section->sh_type == SHT_NOBITS || section->sh_type == SHT_NULL ||
	    !elf_in_file(view, section->sh_offset, section->sh_size))
		return (struct elf_range){NULL, 0};
	return (struct elf_range){view->bytes + section->sh_offset, section->sh_size};
}

const char *elf_string(const struct elf_range *table, uint64_t offset)
{
	if (offset >= table->size || !memchr(table->at + offset, 0, table->size - offset))
		return "";
	return (const char *)table->at + offset;
}

const char *elf_section_name(const struct elf_view *view, const Elf64_Shdr *section)
{
	uint32_t index = view->header.e_shstrndx;
	struct elf_range names;

	if (index == SHN_XINDEX && view->section_count)
		index = view->sections[0].sh_link;
	if (index >= view->section_count)
		return "";
	names = elf_section_range(view, &view->sections[index]);
	return elf_string(&names, section->sh_name);
}

const Elf64_Shdr *elf_find_section(const struct elf_view *view, const char *name)
{
	for (size_t i = 1; i < view->section_count; i++)
		if (!strcmp(elf_section_name(view, &view->sections[i]), name))
			return &view->sections[i];
	return NULL;
}

const Elf64_Shdr *elf_find_type(const struct elf_view *view, uint32_t type)
{
	for (size_t i = 1; i < view->section_count; i++)
		if (view->sections[i].sh_type == type)
			return &view->sections[i];
	return NULL;
}

// Notes: three words (name size, contents size, type), name, contents, each padded to ALIGN (gABI "Note Section").
static struct elf_range find_note(struct elf_range notes, uint64_t align)
{
	uint64_t at = 0, pad = align == 8 ? 7 : 3;

	while (notes.size - at >= sizeof(Elf64_Nhdr)) {
		Elf64_Nhdr note;
		uint64_t name = at + sizeof(note), contents, end;

		memcpy(&note, notes.at + at, sizeof(note));
		contents = (name + note.n_namesz + pad) & ~pad;
		end = contents + note.n_descsz;
		if (end > notes.size)
			break;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
		    !memcmp(notes.at + name, "GNU", 4) && note.n_descsz)
			return (struct elf_range){notes.at + contents, note.n_descsz};
		at = (end + pad) & ~pad;
		if (at > notes.size)
			break;
	}
	return (struct elf_range){NULL, 0};
}

struct elf_range elf_build_id(const struct elf_view *view)
{
	struct elf_range id = {NULL, 0};

	for (size_t i = 0; i < view->program_count && !id.size; i++) {
		const Elf64_Phdr *program = &view->programs[i];

		// A separate debug file keeps the headers of the image; its notes are where the sections say.
		if (program->p_type == PT_NOTE && elf_in_file(view, program->p_offset, program->p_filesz))
			id = find_note((struct elf_range){view->bytes + program->p_offset, program->p_filesz},
				       program->p_align);
	}
	for (size_t i = 1; i < view->section_count && !id.size; i++)
		if (view->sections[i].sh_type == SHT_NOTE)
			id = find_note(elf_section_range(view, &view->sections[i]),
				       view->sections[i].sh_addralign);
	return id;
}
