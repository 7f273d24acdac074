// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The symbol table that a kernel carries in its own read-only data (scripts/kallsyms.c, kernel/kallsyms.c). It has no
 * header; its parts lie one behind the other, each aligned to 8, in one of two orders:
 *
 *	before 6.4: offsets, relative_base, num_syms, names, markers, [seqs_of_names,] token_table, token_index
 *	since 6.4:  num_syms, names, markers, token_table, token_index, offsets, relative_base, seqs_of_names
 *
 * Nothing says where it is, but everything in it says what else must be where: the tokens '0'..'9' stand in a row; the
 * index behind the tokens must name each of them; markers must hit every 256th name; names must end where markers begin;
 * addresses must rise and lie in the image. Only what agrees in all of this is taken, and it must be the only one.
 */
#include <stdlib.h>
#include <string.h>

#include "create/kernel-image.h"

enum {
	TOKENS = 256,
	STRIDE = 256, // names per marker
	SYMBOLS_MAX = 1 << 23,
	NAME_MAX_BYTES = 2048,  // KSYM_NAME_LEN is 512
	ABSOLUTE_MAX = 1 << 16, // symbols outside of the image: per-CPU offsets and constants
};

// Look-ups that a hostile image may cost.
#define BUDGET ((uint64_t)1 << 27)

struct table {
	const uint8_t *bytes; // of the section that holds everything
	size_t size;
	uint64_t budget;
	size_t tokens, index; // where they start
	size_t names, names_end, markers;
	size_t count; // symbols
	size_t offsets;
	uint64_t base;
	bool split; // non-negative offsets are absolute (CONFIG_KALLSYMS_ABSOLUTE_PERCPU)
};

static uint16_t load16(const uint8_t *at)
{
	return (uint16_t)(at[0] | at[1] << 8);
}

static uint32_t load32(const uint8_t *at)
{
	return load16(at) | (uint32_t)load16(at + 2) << 16;
}

static uint64_t load64(const uint8_t *at)
{
	return load32(at) | (uint64_t)load32(at + 4) << 32;
}

static size_t align8(size_t value)
{
	return (value + 7) & ~(size_t)7;
}

static bool spend(struct table *table, uint64_t steps)
{
	if (table->budget < steps)
		return false;
	table->budget -= steps;
	return true;
}

// ---- tokens --------------------------------------------------------------------------------------------------------

// The tokens behind the one at DIGIT, the 48th, must end where an index begins that names them all.
static bool read_tokens(struct table *table, size_t digit)
{
	size_t at = digit, starts[TOKENS];
	const uint8_t *index;

	for (size_t i = '0'; i < TOKENS; i++) {
		const uint8_t *end = memchr(table->bytes + at, 0, table->size - at);

		if (!end || !spend(table, (uint64_t)(end - table->bytes) - at + 1))
			return false;
		starts[i] = at;
		at = (size_t)(end - table->bytes) + 1;
	}
	table->index = align8(at);
	if (table->index > table->size || table->size - table->index < TOKENS * 2)
		return false;
	index = table->bytes + table->index;
	if (load16(index) || load16(index + 2 * '0') > digit)
		return false;
	table->tokens = digit - load16(index + 2 * '0');
	for (size_t i = 0; i < TOKENS; i++) {
		size_t start = table->tokens + load16(index + 2 * i);

		// Those before the digit lie before it, whatever the index says of them.
		if (i >= '0' ? start != starts[i] : start > digit)
			return false;
		if (i && (start <= table->tokens || table->bytes[start - 1]))
			return false;
	}
	return table->tokens % 8 == 0;
}

// ---- names and markers -----------------------------------------------------------------------------------------------

// A record: length in one or two bytes (ULEB128), then that many token numbers. 0: it is none.
static size_t name_record(const struct table *table, size_t at, size_t end, size_t *length)
{
	size_t header = 1;

	if (at >= end)
		return 0;
	*length = table->bytes[at];
	if (*length & 0x80) {
		if (end - at < 2)
			return 0;
		*length = (*length & 0x7f) | (size_t)table->bytes[at + 1] << 7;
		header = 2;
	}
	if (!*length || *length > end - at - header)
		return 0;
	return header;
}

static bool names_fit(struct table *table, size_t names, size_t markers, size_t count)
{
	size_t at = names;

	for (size_t i = 0; i < count; i++) {
		size_t length, header;

		if (i % STRIDE == 0 && load32(table->bytes + markers + 4 * (i / STRIDE)) != at - names)
			return false;
		header = name_record(table, at, markers, &length);
		if (!header || !spend(table, 1))
			return false;
		at += header + length;
	}
	return align8(at) == markers;
}

// How many 32-bit numbers rise from 0 at MARKERS.
static size_t rising(const struct table *table, size_t markers, size_t limit)
{
	size_t count = 1;

	if (load32(table->bytes + markers))
		return 0;
	while (count < limit && markers + 4 * (count + 1) <= table->tokens &&
	       load32(table->bytes + markers + 4 * count) > load32(table->bytes + markers + 4 * (count - 1)))
		count++;
	return count;
}

// Names end at MARKERS, and the count of symbols stands before them.
static bool find_names(struct table *table, size_t markers)
{
	size_t run = rising(table, markers, SYMBOLS_MAX / STRIDE);

	if (!run || !spend(table, run))
		return false;
	for (size_t names = markers & ~(size_t)7; names >= 8; names -= 8) {
		uint64_t count = load64(table->bytes + names - 8);
		size_t marked = (size_t)((count + STRIDE - 1) / STRIDE);

		// A name takes three bytes at least: length, type, a letter; fewer only when tokens hold both.
		if (!spend(table, 1) || markers - names > (size_t)run * STRIDE * NAME_MAX_BYTES)
			return false;
		if (!count || count > SYMBOLS_MAX || marked > run || count * 2 > markers - names ||
		    load32(table->bytes + markers + 4 * (marked - 1)) >= markers - names)
			continue;
		if (!names_fit(table, names, markers, (size_t)count))
			continue;
		table->names = names;
		table->markers = markers;
		table->count = (size_t)count;
		return true;
	}
	return false;
}

static bool find_markers(struct table *table)
{
	for (size_t markers = table->tokens & ~(size_t)7; markers >= 16; markers -= 8) {
		if (!spend(table, 1))
			return false;
		if (markers + 4 > table->tokens)
			continue;
		if (!load32(table->bytes + markers) && find_names(table, markers))
			return true;
	}
	return false;
}

// ---- addresses -------------------------------------------------------------------------------------------------------

static uint64_t address_at(const struct table *table, size_t i)
{
	uint32_t raw = load32(table->bytes + table->offsets + 4 * i);

	if (!table->split)
		return table->base + raw;
	// Non-negative: absolute, or per-CPU. Negative: counted down from just below the base.
	return (int32_t)raw >= 0 ? raw : table->base - 1 - (uint64_t)(int64_t)(int32_t)raw;
}

static bool in_image(const struct image *image, uint64_t vaddr)
{
	for (size_t i = 0; i < image->segment_count; i++)
		if (vaddr >= image->segments[i].vaddr &&
		    vaddr - image->segments[i].vaddr <= image->segments[i].memory_size)
			return true;
	return false;
}

static bool addresses_fit(struct table *table, const struct image *image, size_t offsets, size_t base,
			  bool split)
{
	uint64_t before = 0;
	size_t outside = 0;

	if (offsets % 8 || base % 8 || base > table->size - 8 || offsets > table->size ||
	    table->count > (table->size - offsets) / 4 || !spend(table, table->count))
		return false;
	table->offsets = offsets;
	table->base = load64(table->bytes + base);
	table->split = split;
	for (size_t i = 0; i < table->count; i++) {
		uint64_t address = address_at(table, i);

		if (address < before)
			return false;
		before = address;
		outside += !in_image(image, address);
	}
	return outside < ABSOLUTE_MAX && outside * 2 < table->count;
}

static bool find_addresses(struct table *table, const struct image *image)
{
	size_t size = align8(4 * table->count), behind = table->index + TOKENS * 2;

	for (int split = 1; split >= 0; split--) {
		if (table->names >= 16 + size &&
		    addresses_fit(table, image, table->names - 16 - size, table->names - 16, split))
			return true;
		if (behind <= table->size && table->size - behind >= size + 8 &&
		    addresses_fit(table, image, behind, behind + size, split))
			return true;
	}
	return false;
}

// ---- taking it over --------------------------------------------------------------------------------------------------

// The tokens of one record put together: type letter, then the name.
static size_t expand(const struct table *table, size_t at, size_t length, char *text, size_t room)
{
	size_t used = 0;

	for (size_t i = 0; i < length; i++) {
		const uint8_t *index = table->bytes + table->index + 2 * table->bytes[at + i];
		const char *token = (const char *)table->bytes + table->tokens + load16(index);
		size_t part = strlen(token);

		if (part >= room - used)
			return 0;
		memcpy(text + used, token, part);
		used += part;
	}
	text[used] = 0;
	return used;
}

static bool is_code(const struct image *image, uint64_t vaddr)
{
	const struct hp_image_section *section = image_section_at(image, vaddr);

	return section && section->flags & SHF_EXECINSTR;
}

static void fill(struct image *image, struct image_symbol *symbol, char type, const char *name,
		 uint64_t vaddr, uint32_t position)
{
	bool global = type >= 'A' && type <= 'Z',
	     weak = type == 'W' || type == 'V' || type == 'w' || type == 'v';

	*symbol = (struct image_symbol){
		.name = name,
		.vaddr = vaddr,
		.kind = is_code(image, vaddr) ? SYMBOL_FUNCTION : SYMBOL_OBJECT,
		.binding = weak     ? BINDING_WEAK
			   : global ? BINDING_GLOBAL
				    : BINDING_LOCAL,
		.defined = true,
		.absolute = !in_image(image, vaddr),
		.position = position,
	};
}

// A symbol reaches up to the next one that is behind it, as kallsyms_lookup_size_offset() has it.
static void set_sizes(struct image *image)
{
	uint64_t next = 0, at = UINT64_MAX;

	for (size_t i = image->symbol_count; i--;) {
		struct image_symbol *symbol = &image->symbols[i];
		const struct hp_image_section *section;

		if (symbol->vaddr != at) {
			next = at;
			at = symbol->vaddr;
		}
		section = image_section_at(image, symbol->vaddr);
		if (!section)
			continue;
		symbol->size = section->vaddr + section->size - symbol->vaddr;
		if (next - symbol->vaddr < symbol->size)
			symbol->size = next - symbol->vaddr;
	}
}

static const char *take_symbols(struct image *image, const struct table *table)
{
	size_t at = table->names;

	image->symbols = arena_array(image->arena, table->count + 1, sizeof(*image->symbols));
	for (size_t i = 0; i < table->count; i++) {
		char text[NAME_MAX_BYTES];
		size_t length, header = name_record(table, at, table->markers, &length);
		size_t used = expand(table, at + header, length, text, sizeof(text));

		if (used < 2)
			return "has a symbol table (kallsyms) with impossible names";
		fill(image, &image->symbols[i], text[0], arena_strndup(image->arena, text + 1, used - 1),
		     address_at(table, i), (uint32_t)i);
		at += header + length;
	}
	image->symbol_count = table->count;
	image->full_symbols = true;
	set_sizes(image);
	return NULL;
}

static bool find_table(const struct image *image, const struct hp_image_section *section, struct table *table)
{
	static const char digits[20] = "0\0001\0002\0003\0004\0005\0006\0007\0008\0009";
	const uint8_t *bytes = image_bytes(image, section->vaddr, section->size), *hit;

	*table = (struct table){.bytes = bytes, .size = section->size, .budget = BUDGET};
	for (hit = bytes;
	     hit && (hit = memmem(hit, table->size - (size_t)(hit - bytes), digits, sizeof(digits))); hit++)
		if (read_tokens(table, (size_t)(hit - bytes)) && find_markers(table) &&
		    find_addresses(table, image))
			return true;
	return false;
}

const char *kallsyms_read(struct image *image)
{
	for (size_t i = 0; i < image->section_count; i++) {
		struct table table;

		if (image->sections[i].type != SHT_NOBITS && !(image->sections[i].flags & SHF_EXECINSTR) &&
		    find_table(image, &image->sections[i], &table))
			return take_symbols(image, &table);
	}
	return "holds no symbol table (kallsyms); only kernels with CONFIG_KALLSYMS_ALL can be patched";
}
