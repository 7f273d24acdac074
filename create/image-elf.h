/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Private to create/image*.c: the raw ELF file behind an image or its separate debug file. Headers are checked
 * once, in elf_view_open(); what lies outside of the file reads as empty after that.
 */
#ifndef CREATE_IMAGE_ELF_H
#define CREATE_IMAGE_ELF_H

#include "arch/arch.h"
#include "create/image.h"

#include <elf.h>

struct elf_view {
	const uint8_t *bytes;
	size_t size;
	Elf64_Ehdr header;
	Elf64_Phdr *programs;
	size_t program_count;
	Elf64_Shdr *sections; /* [0] is the null section; none when the table was stripped */
	size_t section_count;
};

/* A table of strings, or of records, in the file. */
struct elf_range {
	const uint8_t *at;
	size_t size;
};

struct image_private {
	struct file file, debug_file;
	bool file_open, debug_open;
	uint8_t *owned; /* decompressed contents, malloc'ed, or NULL */
	struct elf_view elf;
	const struct arch_link *link;

	const struct image_symbol *
		*by_name;    /* defined ones of image->symbols, by hash of the name, name, position */
	uint64_t *name_hash; /* of by_name */
	size_t by_name_count;
	const struct image_symbol **by_vaddr; /* the same ones with an address, by vaddr, position */
	uint64_t *end_before;                 /* highest end of by_vaddr[0..i] */
	size_t by_vaddr_count;
	const struct image_symbol **dynamic_by_name; /* by hash, name, position */
	uint64_t *dynamic_hash;

	struct strmap *files; /* names of STT_FILE symbols; value: the name */

	struct image_import *imports;        /* by index in .dynsym */
	const struct image_slot **by_target; /* in_got RELATIVE and STATIC ones, by target, vaddr */
	size_t by_target_count;

	/* The dynamic section's tables. */
	struct elf_range dynamic_strings, dynamic_symbols, versions, version_needs, version_definitions;
	size_t version_need_count, version_definition_count;
	struct elf_range rela, jump_rela, relr;
};

/* NULL, or what is wrong with the file. Tables are of ARENA. */
const char *elf_view_open(struct elf_view *view, const uint8_t *bytes, size_t size, struct arena *arena);
bool elf_in_file(const struct elf_view *view, uint64_t offset, uint64_t size);
/* Contents of a section; empty for SHT_NOBITS and those not in the file. */
struct elf_range elf_section_range(const struct elf_view *view, const Elf64_Shdr *section);
/* NUL-terminated string at OFFSET of TABLE, "" when there is none. */
const char *elf_string(const struct elf_range *table, uint64_t offset);
const char *elf_section_name(const struct elf_view *view, const Elf64_Shdr *section);
const Elf64_Shdr *elf_find_section(const struct elf_view *view, const char *name);
/* The first section of TYPE, or NULL. */
const Elf64_Shdr *elf_find_type(const struct elf_view *view, uint32_t type);
/* NT_GNU_BUILD_ID, from program headers or, without them, sections. Empty when there is none. */
struct elf_range elf_build_id(const struct elf_view *view);

/* Fills symbols, lookup tables; in image-symbols.c. */
bool image_read_symbols(struct image *image, const struct elf_view *from);
void image_use_dynamic_symbols(struct image *image);
void image_index_symbols(struct image *image);
/* .dynsym with versions; in image-symbols.c. */
void image_read_dynamic_symbols(struct image *image);
/* Sorts LIST by hash of the name, name, position; returns the hashes. */
uint64_t *image_sort_by_name(struct arena *arena, const struct image_symbol **list, size_t count);
/* Slice of a list sorted so that has NAME. */
const struct image_symbol *const *image_slice_of_name(const struct image_symbol **list,
						      const uint64_t *hashes, size_t count, const char *name,
						      size_t *found);
/* Dynamic section; in image-dynamic.c. */
void image_read_dynamic(struct image *image);
/* Dynamic relocations, static GOT entries, PLT; in image-slots.c. NULL, or what is wrong. */
const char *image_read_slots(struct image *image);
/* kernel-image.c: takes the place of symbols and slots for a kernel or module. NULL, or what is wrong. */
const char *kernel_read(struct image *image);
/* image.c: opens the ELF file of a kernel or module. */
struct image *image_open_unpacked(const char *name, const uint8_t *bytes, size_t size, struct diags *diags);
/* Looks for the separate debug file and takes its symbols; in image-debug.c. */
void image_open_debug(struct image *image, const char *file);

#endif
