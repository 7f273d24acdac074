/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Builds the payload of one target: an ELF64 little-endian relocatable object. The order of calls is the
 * order of bytes; nothing else reaches the output. What may be in it: notes on relocations in
 * doc/hp-format.md.
 */
#ifndef CREATE_PAYLOAD_H
#define CREATE_PAYLOAD_H

#include "util/util.h"

struct payload_section;

struct payload_symbol {
	const char *name;
	struct payload_section *section; /* NULL: undefined, needs a binding */
	uint64_t value, size;
	uint8_t info;   /* ELF st_info */
	uint32_t index; /* in the written symbol table; valid after payload_write() */
};

struct payload_reloc {
	uint64_t offset;
	uint32_t type;
	struct payload_symbol *symbol; /* NULL: no symbol */
	int64_t addend;
};

struct payload_section {
	const char *name;
	uint32_t type; /* SHT_* */
	uint64_t flags, align, entry_size;
	uint64_t size;
	VEC(uint8_t) bytes; /* empty for SHT_NOBITS */
	VEC(struct payload_reloc) relocs;
	uint32_t index;
	struct payload_symbol *start; /* its STT_SECTION symbol, when something needed it */
};

struct payload {
	struct arena *arena;
	VEC(struct payload_section *) sections;
	VEC(struct payload_symbol *) symbols;
};

/* Names given to these functions must outlive the payload. */
struct payload *payload_new(struct arena *arena);
void payload_free(struct payload *payload);
struct payload_section *payload_add_section(struct payload *payload, const char *name, uint32_t type,
					    uint64_t flags);
/* The first section of that name, type and flags, made when there is none. */
struct payload_section *payload_get_section(struct payload *payload, const char *name, uint32_t type,
					    uint64_t flags);
/* Appends SIZE bytes (NULL: zeroes) at ALIGN (a power of two); returns their offset. */
uint64_t payload_append(struct payload_section *section, const void *bytes, uint64_t size, uint64_t align);
void payload_relocate(struct payload_section *section, uint64_t offset, uint32_t type,
		      struct payload_symbol *symbol, int64_t addend);
/* SECTION NULL: an undefined symbol. */
struct payload_symbol *payload_add_symbol(struct payload *payload, const char *name,
					  struct payload_section *section, uint64_t value, uint64_t size,
					  uint8_t info);
/* The symbol that stands for the section's start. */
struct payload_symbol *payload_section_symbol(struct payload *payload, struct payload_section *section);
/* *bytes is of the arena. Relocations are sorted by offset. */
void payload_write(struct payload *payload, uint16_t machine, uint8_t **bytes, size_t *size);

#endif
