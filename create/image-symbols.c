// SPDX-License-Identifier: GPL-3.0-or-later
// Names of an image: .symtab with its file symbols, .dynsym with versions, and looking both up.
#include "create/image-elf.h"

#include <stdlib.h>
#include <string.h>

static enum symbol_kind kind_of(const Elf64_Sym *symbol)
{
	switch (ELF64_ST_TYPE(symbol->st_info)) {
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

static enum symbol_binding binding_of(const Elf64_Sym *symbol)
{
	switch (ELF64_ST_BIND(symbol->st_info)) {
	case STB_LOCAL:
		return BINDING_LOCAL;
	case STB_WEAK:
		return BINDING_WEAK;
	default: // STB_GLOBAL, STB_GNU_UNIQUE
		return BINDING_GLOBAL;
	}
}

static enum symbol_visibility visibility_of(const Elf64_Sym *symbol)
{
	switch (ELF64_ST_VISIBILITY(symbol->st_other)) {
	case STV_HIDDEN:
		return VISIBILITY_HIDDEN;
	case STV_PROTECTED:
		return VISIBILITY_PROTECTED;
	case STV_INTERNAL:
		return VISIBILITY_INTERNAL;
	default:
		return VISIBILITY_DEFAULT;
	}
}

static void fill_symbol(struct image_symbol *to, const Elf64_Sym *from, const char *name, uint32_t position)
{
	*to = (struct image_symbol){
		.name = name,
		.vaddr = from->st_value,
		.size = from->st_size,
		.kind = kind_of(from),
		.binding = binding_of(from),
		.visibility = visibility_of(from),
		.defined = from->st_shndx != SHN_UNDEF,
		.absolute = from->st_shndx == SHN_ABS,
		.position = position,
	};
}

// .symtab names versioned symbols "name@VERSION" and "name@@VERSION", the latter being the default.
static void split_version(struct image *image, struct image_symbol *symbol)
{
	const char *at = strchr(symbol->name, '@');

	if (!at || at == symbol->name)
		return;
	symbol->hidden_version = at[1] != '@';
	symbol->version = at + (at[1] == '@' ? 2 : 1);
	symbol->name = arena_strndup(image->arena, symbol->name, (size_t)(at - symbol->name));
}

/*
 * Locals follow the STT_FILE of their object. GNU ld puts hidden globals, which it makes local, behind all others
 * under a file symbol without name: those belong to no file.
 */
bool image_read_symbols(struct image *image, const struct elf_view *from)
{
	const Elf64_Shdr *section = elf_find_type(from, SHT_SYMTAB);
	struct elf_range table = elf_section_range(from, section), strings = {NULL, 0};
	const char *file = NULL;
	uint32_t file_position = 0;
	size_t count = table.size / sizeof(Elf64_Sym);

	if (!section || section->sh_entsize != sizeof(Elf64_Sym) || count < 2 || count > UINT32_MAX)
		return false;
	if (section->sh_link < from->section_count)
		strings = elf_section_range(from, &from->sections[section->sh_link]);
	image->symbols = arena_array(image->arena, count, sizeof(*image->symbols));
	image->symbol_count = 0;
	for (size_t i = 1; i < count; i++) {
		struct image_symbol *symbol = &image->symbols[image->symbol_count];
		Elf64_Sym raw;

		memcpy(&raw, table.at + i * sizeof(raw), sizeof(raw));
		fill_symbol(symbol, &raw, elf_string(&strings, raw.st_name), (uint32_t)i);
		if (symbol->kind == SYMBOL_FILE) {
			file = *symbol->name ? symbol->name : NULL;
			file_position = file ? (uint32_t)i : 0;
			if (file)
				*strmap_put(image->private->files, file) = (void *)file;
		}
		if (symbol->kind == SYMBOL_FILE || symbol->kind == SYMBOL_SECTION)
			continue;
		if (symbol->binding == BINDING_LOCAL) {
			symbol->file = file;
			symbol->file_position = file_position;
		}
		split_version(image, symbol);
		image->symbol_count++;
	}
	return image->symbol_count > 0;
}

void image_use_dynamic_symbols(struct image *image)
{
	image->symbols = arena_array(image->arena, image->dynamic_count + 1, sizeof(*image->symbols));
	image->symbol_count = 0;
	for (size_t i = 1; i < image->dynamic_count; i++)
		image->symbols[image->symbol_count++] = image->dynamic[i];
}

// ---- lookup tables -------------------------------------------------------------------------------

struct named {
	uint64_t hash;
	const struct image_symbol *symbol;
};

static int compare_named(const void *a, const void *b)
{
	const struct named *one = a, *other = b;
	int order;

	if (one->hash != other->hash)
		return one->hash < other->hash ? -1 : 1;
	order = strcmp(one->symbol->name, other->symbol->name);
	if (order)
		return order;
	return one->symbol->position < other->symbol->position
		       ? -1
		       : one->symbol->position > other->symbol->position;
}

static uint64_t hash_name(const char *name)
{
	return hash_bytes(name, strlen(name), 0);
}

uint64_t *image_sort_by_name(struct arena *arena, const struct image_symbol **list, size_t count)
{
	struct named *pairs = xalloc((count + 1) * sizeof(*pairs));
	uint64_t *hashes = arena_array(arena, count + 1, sizeof(*hashes));

	for (size_t i = 0; i < count; i++)
		pairs[i] = (struct named){hash_name(list[i]->name), list[i]};
	qsort(pairs, count, sizeof(*pairs), compare_named);
	for (size_t i = 0; i < count; i++) {
		list[i] = pairs[i].symbol;
		hashes[i] = pairs[i].hash;
	}
	free(pairs);
	return hashes;
}

const struct image_symbol *const *image_slice_of_name(const struct image_symbol **list,
						      const uint64_t *hashes, size_t count, const char *name,
						      size_t *found)
{
	uint64_t hash = hash_name(name);
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (hashes[middle] < hash)
			low = middle + 1;
		else
			high = middle;
	}
	while (low < count && hashes[low] == hash && strcmp(list[low]->name, name) != 0)
		low++;
	for (high = low; high < count && hashes[high] == hash && !strcmp(list[high]->name, name);)
		high++;
	*found = high - low;
	return (const struct image_symbol *const *)list + low;
}

static int compare_vaddr(const void *a, const void *b)
{
	const struct image_symbol *one = *(const struct image_symbol *const *)a;
	const struct image_symbol *other = *(const struct image_symbol *const *)b;

	if (one->vaddr != other->vaddr)
		return one->vaddr < other->vaddr ? -1 : 1;
	return one->position < other->position ? -1 : one->position > other->position;
}

bool image_has_file(const struct image *image, const char *name)
{
	return strmap_get(image->private->files, name);
}

bool image_names_files(const struct image *image)
{
	return strmap_count(image->private->files) > 0;
}

static void index_by_vaddr(struct image *image)
{
	struct image_private *private = image->private;
	uint64_t end = 0;

	private->by_vaddr = arena_array(image->arena, private->by_name_count + 1, sizeof(*private->by_vaddr));
	private->end_before =
		arena_array(image->arena, private->by_name_count + 1, sizeof(*private->end_before));
	for (size_t i = 0; i < private->by_name_count; i++) {
		const struct image_symbol *symbol = private->by_name[i];

		if (symbol->kind != SYMBOL_TLS && !symbol->absolute)
		private->by_vaddr[private->by_vaddr_count++] = symbol;
	}
	qsort(private->by_vaddr, private->by_vaddr_count, sizeof(*private->by_vaddr), compare_vaddr);
	for (size_t i = 0; i < private->by_vaddr_count; i++) {
		const struct image_symbol *symbol = private->by_vaddr[i];

		if (symbol->size <= UINT64_MAX - symbol->vaddr && symbol->vaddr + symbol->size > end)
			end = symbol->vaddr + symbol->size;
		private->end_before[i] = end;
	}
}

void image_index_symbols(struct image *image)
{
	struct image_private *private = image->private;

	private->by_name = arena_array(image->arena, image->symbol_count + 1, sizeof(*private->by_name));
	for (size_t i = 0; i < image->symbol_count; i++)
		if (image->symbols[i].defined && *image->symbols[i].name)
	private->by_name[private->by_name_count++] = &image->symbols[i];
	private->name_hash = image_sort_by_name(image->arena, private->by_name, private->by_name_count);
	index_by_vaddr(image);
}

const struct image_symbol *const *image_find(const struct image *image, const char *name, size_t *count)
{
	const struct image_private *private = image->private;

	return image_slice_of_name(private->by_name, private->name_hash, private->by_name_count, name, count);
}

// Index of the first of by_vaddr that lies at VADDR or higher.
static size_t first_at(const struct image_private *private, uint64_t vaddr)
{
	size_t low = 0, high = private->by_vaddr_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (private->by_vaddr[middle]->vaddr < vaddr)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct image_symbol *const *image_symbols_at(const struct image *image, uint64_t vaddr, size_t *count)
{
	const struct image_private *private = image->private;
	size_t first = first_at(private, vaddr), end = first;

	while (end < private->by_vaddr_count && private->by_vaddr[end]->vaddr == vaddr)
		end++;
	*count = end - first;
	return (const struct image_symbol *const *)private->by_vaddr + first;
}

static bool has_extent(const struct image_symbol *symbol)
{
	return symbol->kind == SYMBOL_FUNCTION || symbol->kind == SYMBOL_OBJECT ||
	       symbol->kind == SYMBOL_IFUNC;
}

const struct image_symbol *image_symbol_over(const struct image *image, uint64_t vaddr)
{
	const struct image_private *private = image->private;
	const struct image_symbol *at_start = NULL;
	size_t i = first_at(private, vaddr);

	while (i < private->by_vaddr_count && private->by_vaddr[i]->vaddr == vaddr)
		i++;
	while (i--) {
		const struct image_symbol *symbol = private->by_vaddr[i];

		if (has_extent(symbol) && vaddr - symbol->vaddr < symbol->size)
			return symbol;
		if (has_extent(symbol) && vaddr == symbol->vaddr)
			at_start = symbol;
		if (private->end_before[i] <= vaddr && symbol->vaddr < vaddr)
			break;
	}
	return at_start;
}

const struct image_symbol *image_export(const struct image *image, const char *name)
{
	const struct image_private *private = image->private;
	const struct image_symbol *hidden = NULL;
	const struct image_symbol *const *list;
	size_t count;

	if (!image->dynamic_count)
		return NULL;
	list = image_slice_of_name(private->dynamic_by_name, private->dynamic_hash, image->dynamic_count - 1,
				   name, &count);
	for (size_t i = 0; i < count; i++) {
		if (!list[i]->defined || list[i]->binding == BINDING_LOCAL)
			continue;
		if (!list[i]->hidden_version)
			return list[i];
		hidden = hidden ? hidden : list[i];
	}
	return hidden;
}

// ---- .dynsym -------------------------------------------------------------------------------------

struct version {
	const char *name, *library;
};

#define VERSION_MAX 0x8000u

static struct version *version_slot(struct version *versions, uint16_t index)
{
	return &versions[index & (VERSION_MAX - 1)];
}

// Verneed records, each with a list of Vernaux (LSB, "Symbol Versioning"). Offsets go forward only, so it ends.
static void read_version_needs(const struct image_private *private, struct version *versions)
{
	const struct elf_range *needs = &private->version_needs, *strings = &private->dynamic_strings;
	unsigned total = 0; // there are no more indexes than this
	uint64_t at = 0;

	for (size_t i = 0; i < private->version_need_count && i < VERSION_MAX; i++) {
		Elf64_Verneed need;
		uint64_t entry;

		if (at > needs->size || needs->size - at < sizeof(need))
			return;
		memcpy(&need, needs->at + at, sizeof(need));
		entry = at + need.vn_aux;
		for (unsigned j = 0; j < need.vn_cnt && total < VERSION_MAX; j++, total++) {
			Elf64_Vernaux aux;

			if (entry > needs->size || needs->size - entry < sizeof(aux))
				return;
			memcpy(&aux, needs->at + entry, sizeof(aux));
			*version_slot(versions, aux.vna_other) = (struct version){
				elf_string(strings, aux.vna_name), elf_string(strings, need.vn_file)};
			if (!aux.vna_next)
				break;
			entry += aux.vna_next;
		}
		if (!need.vn_next)
			return;
		at += need.vn_next;
	}
}

static void read_version_definitions(const struct image_private *private, struct version *versions)
{
	const struct elf_range *definitions = &private->version_definitions;
	uint64_t at = 0;

	for (size_t i = 0; i < private->version_definition_count && i < VERSION_MAX; i++) {
		Elf64_Verdef definition;
		Elf64_Verdaux aux;
		uint64_t entry;

		if (at > definitions->size || definitions->size - at < sizeof(definition))
			return;
		memcpy(&definition, definitions->at + at, sizeof(definition));
		entry = at + definition.vd_aux;
		if (!(definition.vd_flags & VER_FLG_BASE) && entry <= definitions->size &&
		    definitions->size - entry >= sizeof(aux)) {
			memcpy(&aux, definitions->at + entry, sizeof(aux));
			version_slot(versions, definition.vd_ndx)->name =
				elf_string(&private->dynamic_strings, aux.vda_name);
		}
		if (!definition.vd_next)
			return;
		at += definition.vd_next;
	}
}

static void take_version(const struct image_private *private, struct version *versions,
			 struct image_symbol *symbol, size_t i)
{
	uint16_t index;

	if (private->versions.size / sizeof(index) <= i)
		return;
	memcpy(&index, private->versions.at + i * sizeof(index), sizeof(index));
	symbol->hidden_version = index & VERSION_MAX && symbol->defined;
	if ((index & (VERSION_MAX - 1)) < 2) // VER_NDX_LOCAL, VER_NDX_GLOBAL
		return;
	symbol->version = version_slot(versions, index)->name;
	symbol->library = version_slot(versions, index)->library;
}

void image_read_dynamic_symbols(struct image *image)
{
	struct image_private *private = image->private;
	const struct elf_range *table = &private->dynamic_symbols;
	struct version *versions;

	image->dynamic_count = table->size / sizeof(Elf64_Sym);
	if (!image->dynamic_count)
		return;
	versions = xalloc(VERSION_MAX * sizeof(*versions));
	memset(versions, 0, VERSION_MAX * sizeof(*versions));
	read_version_needs(private, versions);
	read_version_definitions(private, versions);
	image->dynamic = arena_array(image->arena, image->dynamic_count, sizeof(*image->dynamic));
	private->dynamic_by_name =
		arena_array(image->arena, image->dynamic_count, sizeof(*private->dynamic_by_name));
	for (size_t i = 0; i < image->dynamic_count; i++) {
		struct image_symbol *symbol = &image->dynamic[i];
		Elf64_Sym raw;

		memcpy(&raw, table->at + i * sizeof(raw), sizeof(raw));
		fill_symbol(symbol, &raw, elf_string(&private->dynamic_strings, raw.st_name), (uint32_t)i);
		symbol->dynamic = true;
		take_version(private, versions, symbol, i);
		if (i)
		private->dynamic_by_name[i - 1] = symbol;
	}
	free(versions);
	private->dynamic_hash =
		image_sort_by_name(image->arena, private->dynamic_by_name, image->dynamic_count - 1);
}
