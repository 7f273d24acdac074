// SPDX-License-Identifier: GPL-3.0-or-later
// The sections of an object's debug information, decompressed, and their relocations, looked up field by
// field.
#include "diff/debug.h"

#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#ifndef ELFCOMPRESS_ZSTD // the elf.h of glibc before 2.38
#define ELFCOMPRESS_ZSTD 2
#endif

#define OLD_COMPRESSED ".zdebug_"

// zlib cannot expand by more than 1032:1 (its own documentation, zlib_tech.html); a header that says so is a
// bomb. zstd can, but debug information never does.
#define INFLATE_RATIO_MAX 1032u

// A healthy object needs about one step for ten bytes of debug information.
#define BUDGET_BASE 100000u

struct cursor cursor_at(const uint8_t *data, size_t size, size_t at, bool big_endian)
{
	return (struct cursor){
		.data = data, .size = size, .at = at, .big_endian = big_endian, .bad = at > size};
}

uint64_t cursor_number(struct cursor *cursor, unsigned bytes)
{
	uint64_t value = 0;

	if (cursor->bad || cursor->size - cursor->at < bytes) {
		cursor->bad = true;
		return 0;
	}
	for (unsigned i = 0; i < bytes; i++) {
		unsigned shift = 8 * (cursor->big_endian ? bytes - 1 - i : i);

		value |= (uint64_t)cursor->data[cursor->at + i] << shift;
	}
	cursor->at += bytes;
	return value;
}

uint64_t cursor_uleb(struct cursor *cursor)
{
	uint64_t value = 0;
	unsigned shift = 0;
	uint8_t byte;

	do {
		byte = (uint8_t)cursor_number(cursor, 1);
		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80);
	return value;
}

int64_t cursor_sleb(struct cursor *cursor)
{
	uint64_t value = 0;
	unsigned shift = 0;
	uint8_t byte;

	do {
		byte = (uint8_t)cursor_number(cursor, 1);
		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80);
	if (shift < 64 && (byte & 0x40))
		value |= UINT64_MAX << shift;
	return (int64_t)value;
}

const char *cursor_text(struct cursor *cursor)
{
	const uint8_t *start, *end;

	if (cursor->bad)
		return "";
	start = cursor->data + cursor->at;
	end = memchr(start, 0, cursor->size - cursor->at);
	if (!end) {
		cursor->bad = true;
		return "";
	}
	cursor->at += (size_t)(end - start) + 1;
	return (const char *)start;
}

void cursor_skip(struct cursor *cursor, uint64_t bytes)
{
	if (cursor->bad || bytes > cursor->size - cursor->at)
		cursor->bad = true;
	else
		cursor->at += bytes;
}

static const char *const section_names[DEBUG_KINDS] = {
	[DEBUG_INFO] = ".debug_info",         [DEBUG_ABBREV] = ".debug_abbrev",
	[DEBUG_LINE] = ".debug_line",         [DEBUG_STR] = ".debug_str",
	[DEBUG_LINE_STR] = ".debug_line_str", [DEBUG_STR_OFFSETS] = ".debug_str_offsets",
	[DEBUG_ADDR] = ".debug_addr",         [DEBUG_RNGLISTS] = ".debug_rnglists",
	[DEBUG_RANGES] = ".debug_ranges",     [DEBUG_NOTES] = ".debug_hotpatch",
};

static bool inflate_into(uint8_t *to, size_t size, uint64_t type, const uint8_t *from, size_t length)
{
	uLongf room = size;

	if (type == ELFCOMPRESS_ZSTD)
		return ZSTD_decompress(to, size, from, length) == size;
	return uncompress(to, &room, from, length) == Z_OK && room == size;
}

// Own inflation: elf_compress() would write to the section header, which is in the read-only map of the file.
static void take_compressed(struct debug_section *section, struct cursor packed, uint64_t type, uint64_t size)
{
	if (packed.bad || (type != ELFCOMPRESS_ZLIB && type != ELFCOMPRESS_ZSTD) || !size ||
	    size / INFLATE_RATIO_MAX > packed.size)
		return;
	section->inflated = xalloc(size);
	if (!inflate_into(section->inflated, size, type, packed.data + packed.at, packed.size - packed.at)) {
		free(section->inflated);
		section->inflated = NULL;
		return;
	}
	section->data = section->inflated;
	section->size = size;
}

void debug_take_contents(const struct debug *debug, struct debug_section *section, Elf_Scn *scn,
			 const GElf_Shdr *header, const char *name)
{
	struct cursor cursor;
	Elf_Data *raw;

	if (section->data || header->sh_type == SHT_NOBITS)
		return;
	raw = elf_rawdata(scn, NULL);
	if (!raw || !raw->d_buf)
		return;
	cursor = cursor_at(raw->d_buf, raw->d_size, 0, debug->big_endian);
	if (header->sh_flags & SHF_COMPRESSED) { // Elf64_Chdr
		uint64_t type = cursor_number(&cursor, 4), size;

		cursor_skip(&cursor, 4);
		size = cursor_number(&cursor, 8);
		cursor_skip(&cursor, 8);
		take_compressed(section, cursor, type, size);
		return;
	}
	if (!strncmp(name, OLD_COMPRESSED, strlen(OLD_COMPRESSED)) && raw->d_size > 12 &&
	    !memcmp(raw->d_buf, "ZLIB", 4)) { // then the size, big-endian everywhere
		uint64_t size;

		cursor_skip(&cursor, 4);
		cursor.big_endian = true;
		size = cursor_number(&cursor, 8);
		take_compressed(section, cursor, ELFCOMPRESS_ZLIB, size);
		return;
	}
	section->data = raw->d_buf;
	section->size = raw->d_size;
}

static int compare_relocs(const void *left, const void *right)
{
	const Elf64_Rela *a = left, *b = right;

	return (a->r_offset > b->r_offset) - (a->r_offset < b->r_offset);
}

static void take_relocs(struct debug_section *section, Elf_Scn *scn)
{
	Elf_Data *data = elf_getdata(scn, NULL);

	if (section->relocs || !data || !data->d_buf || data->d_type != ELF_T_RELA)
		return;
	section->reloc_count = data->d_size / sizeof(Elf64_Rela);
	if ((uintptr_t)data->d_buf % _Alignof(Elf64_Rela)) { // a section of a file that is not well made
		section->sorted = xalloc(data->d_size + 1);
		memcpy(section->sorted, data->d_buf, data->d_size);
		section->relocs = section->sorted;
	} else {
		section->relocs = data->d_buf;
	}
	for (size_t i = 1; i < section->reloc_count; i++) {
		if (section->relocs[i - 1].r_offset <= section->relocs[i].r_offset)
			continue;
		if (!section->sorted) {
			section->sorted = xalloc(section->reloc_count * sizeof(Elf64_Rela));
			memcpy(section->sorted, section->relocs, section->reloc_count * sizeof(Elf64_Rela));
		}
		qsort(section->sorted, section->reloc_count, sizeof(Elf64_Rela), compare_relocs);
		section->relocs = section->sorted;
		break;
	}
}

// ".zdebug_info" is how compressed sections were called before ELF had a flag for them.
int debug_kind_of(const char *name, const char *tail)
{
	size_t length, tail_length = strlen(tail);

	if (!name || *name != '.' || strlen(name) < tail_length)
		return -1;
	name += strncmp(name, OLD_COMPRESSED, strlen(OLD_COMPRESSED)) ? 1 : 2;
	length = strlen(name);
	if (length < tail_length || strcmp(name + length - tail_length, tail))
		return -1;
	for (int kind = 0; kind < DEBUG_KINDS; kind++)
		if (strlen(section_names[kind] + 1) == length - tail_length &&
		    !strncmp(section_names[kind] + 1, name, length - tail_length))
			return kind;
	return -1;
}

static void find_sections(struct debug *debug)
{
	const Elf64_Ehdr *header = elf64_getehdr(debug->elf);
	Elf_Scn *scn = NULL;
	size_t names;

	if (!header || header->e_type != ET_REL || elf_getshdrstrndx(debug->elf, &names))
		return;
	debug->big_endian = header->e_ident[EI_DATA] == ELFDATA2MSB;
	while ((scn = elf_nextscn(debug->elf, scn))) {
		GElf_Shdr section, target;
		const char *name;
		int kind;

		if (!gelf_getshdr(scn, &section) || (section.sh_flags & SHF_ALLOC))
			continue;
		name = elf_strptr(debug->elf, names, section.sh_name);
		if (name && !strcmp(name, ".debug_types")) // of DWARF 4
			debug->has_type_units = true;
		if (section.sh_type != SHT_RELA && (kind = debug_kind_of(name, "")) >= 0) {
			// type units (-fdebug-types-section) are in .debug_info sections of their own
			if (section.sh_flags & SHF_GROUP) {
				debug->has_type_units = true;
				continue;
			}
			debug_take_contents(debug, &debug->sections[kind], scn, &section, name);
		} else if (section.sh_type == SHT_RELA &&
			   gelf_getshdr(elf_getscn(debug->elf, section.sh_info), &target) &&
			   !(target.sh_flags & SHF_GROUP) &&
			   (kind = debug_kind_of(elf_strptr(debug->elf, names, target.sh_name), "")) >= 0) {
			take_relocs(&debug->sections[kind], scn);
		}
	}
}

static void debug_close(struct object *object)
{
	struct debug *debug = object->debug;

	if (!debug)
		return;
	for (int kind = 0; kind < DEBUG_KINDS; kind++) {
		free(debug->sections[kind].sorted);
		free(debug->sections[kind].inflated);
	}
	line_index_free(debug->lines);
	info_index_free(debug->info);
	elf_end(debug->elf);
	splits_free(debug);
	object->debug = NULL;
}

// libelf hands out pointers into what it reads; members of archives start at even offsets only.
static const uint8_t *aligned_bytes(struct object *object)
{
	uint8_t *copy;

	if ((uintptr_t)object->bytes % _Alignof(Elf64_Ehdr) == 0)
		return object->bytes;
	copy = arena_alloc(object->arena, object->size);
	memcpy(copy, object->bytes, object->size);
	return copy;
}

struct debug *debug_open(struct object *object)
{
	struct debug *debug = object->debug;

	if (debug)
		return debug;
	debug = object->debug = arena_alloc(object->arena, sizeof(*debug));
	object->close_debug = debug_close;
	elf_version(EV_CURRENT);
	// libelf only reads memory that was opened without a file descriptor
	debug->elf = elf_memory((char *)(uintptr_t)aligned_bytes(object), object->size);
	if (debug->elf)
		find_sections(debug);
	debug->budget = BUDGET_BASE;
	for (int kind = 0; kind < DEBUG_KINDS; kind++)
		debug->budget += debug->sections[kind].size;
	return debug;
}

static const Elf64_Rela *reloc_at(const struct debug_section *section, size_t at)
{
	size_t low = 0, high = section->reloc_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (section->relocs[middle].r_offset < at)
			low = middle + 1;
		else
			high = middle;
	}
	return low < section->reloc_count && section->relocs[low].r_offset == at ? &section->relocs[low]
										 : NULL;
}

struct place debug_address(const struct object *object, const struct debug_section *section, size_t at,
			   uint64_t stored)
{
	const Elf64_Rela *reloc = reloc_at(section, at);
	const struct symbol *symbol;

	if (!reloc || ELF64_R_SYM(reloc->r_info) >= object->symbol_count)
		return (struct place){.offset = stored};
	symbol = &object->symbols[ELF64_R_SYM(reloc->r_info)];
	return (struct place){.section = symbol->section ? symbol->section->index : 0,
			      .offset = symbol->value + (uint64_t)reloc->r_addend};
}

uint64_t debug_distance(const struct object *object, const struct debug_section *section, size_t at,
			uint64_t stored)
{
	const Elf64_Rela *add = reloc_at(section, at), *subtract = add + 1;

	if (!add || subtract == section->relocs + section->reloc_count || subtract->r_offset != at ||
	    ELF64_R_SYM(add->r_info) >= object->symbol_count ||
	    ELF64_R_SYM(subtract->r_info) >= object->symbol_count)
		return stored;
	return object->symbols[ELF64_R_SYM(add->r_info)].value + (uint64_t)add->r_addend -
	       object->symbols[ELF64_R_SYM(subtract->r_info)].value - (uint64_t)subtract->r_addend;
}

uint64_t debug_offset(const struct object *object, const struct debug_section *section, size_t at,
		      uint64_t stored)
{
	return debug_address(object, section, at, stored).offset;
}

const char *debug_text(const struct debug_section *section, uint64_t offset)
{
	if (!section->data || offset >= section->size ||
	    !memchr(section->data + offset, 0, section->size - offset))
		return NULL;
	return (const char *)section->data + offset;
}

static const char *skip_dots(const char *path)
{
	while (path[0] == '.' && path[1] == '/') {
		path += 2;
		while (*path == '/')
			path++;
	}
	return path;
}

// What follows DIRECTORY in PATH, or NULL.
static const char *behind(const char *path, const char *directory)
{
	size_t length = directory ? strlen(directory) : 0;

	while (length && directory[length - 1] == '/')
		length--;
	if (!length || strncmp(path, directory, length) || path[length] != '/')
		return NULL;
	path += length;
	while (*path == '/')
		path++;
	return path;
}

const char *debug_path(struct object *object, const char *directory, const char *name)
{
	const char *compile_dir = object_compile_dir(object), *rest;
	char *path;

	directory = directory ? directory : "";
	name = skip_dots(name);
	if (*name == '/' || !*directory)
		path = arena_strdup(object->arena, name);
	else
		path = arena_printf(object->arena, "%s/%s", skip_dots(directory), name);
	text_hide_controls(path);
	rest = behind(path, compile_dir);
	return skip_dots(rest && *rest ? rest : path);
}
