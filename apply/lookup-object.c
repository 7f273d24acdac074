// SPDX-License-Identifier: GPL-3.0-or-later
// Reads a dynamic section and searches DT_GNU_HASH or DT_HASH, with symbol versions (gABI "Dynamic Section",
// "Hash Table"; LSB "Symbol Versioning"; glibc elf/dl-lookup.c for what counts as a match).
#include "apply/lookup-object.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

enum {
	DYNAMIC_MAX = 4096, // entries
	NEEDED_MAX = 512,
	CHAIN_MAX = 1 << 12,
	DEFINITIONS_MAX = 4096,
	NAME_MAX_BYTES = 4096,
	VERSION_HIDDEN = 0x8000, // "@" instead of "@@"
};

static bool read_text(const struct process *process, uint64_t address, char *to, size_t size)
{
	size_t used = 0;

	// Up to the end of a page at a time: what lies behind may not be there.
	while (used < size) {
		size_t piece = 4096 - ((address + used) & 4095);
		char *end;

		if (piece > size - used)
			piece = size - used;
		if (process_read(process, address + used, to + used, piece))
			break;
		end = memchr(to + used, 0, piece);
		if (end)
			return true;
		used += piece;
	}
	to[0] = '\0';
	return false;
}

bool dynamic_find(const struct process *process, uint64_t dynamic, uint64_t size, int64_t tag,
		  uint64_t *value)
{
	size_t count = size ? size / sizeof(Elf64_Dyn) : DYNAMIC_MAX;

	for (size_t i = 0; i < count && i < DYNAMIC_MAX; i++) {
		Elf64_Dyn entry;

		if (process_read(process, dynamic + i * sizeof(entry), &entry, sizeof(entry)) ||
		    entry.d_tag == DT_NULL)
			return false;
		if (entry.d_tag == tag) {
			*value = entry.d_un.d_val;
			return true;
		}
	}
	return false;
}

// glibc adds the load bias to the pointers in the mapped section, except where it is read-only (vDSO): what lies
// below the bias has not been relocated.
static uint64_t relocated(const struct loaded *object, uint64_t value)
{
	return value && value < object->bias ? value + object->bias : value;
}

static void take_entry(struct loaded *object, const Elf64_Dyn *entry, uint64_t *soname, uint64_t *needed)
{
	uint64_t value = entry->d_un.d_val;

	switch (entry->d_tag) {
	case DT_SYMTAB:
		object->symbols = relocated(object, value);
		break;
	case DT_STRTAB:
		object->strings = relocated(object, value);
		break;
	case DT_STRSZ:
		object->strings_size = value;
		break;
	case DT_GNU_HASH:
		object->gnu_hash = relocated(object, value);
		break;
	case DT_HASH:
		object->hash = relocated(object, value);
		break;
	case DT_VERSYM:
		object->versions = relocated(object, value);
		break;
	case DT_VERDEF:
		object->definitions = relocated(object, value);
		break;
	case DT_VERDEFNUM:
		object->definition_count = value;
		break;
	case DT_SONAME:
		*soname = value;
		break;
	case DT_NEEDED:
		if (object->needed_count < NEEDED_MAX)
			needed[object->needed_count++] = value;
		break;
	}
}

static bool read_string(const struct process *process, const struct loaded *object, uint64_t offset, char *to,
			size_t size)
{
	return offset < object->strings_size && read_text(process, object->strings + offset, to, size);
}

static void read_needed(const struct process *process, struct loaded *object, const uint64_t *offsets)
{
	char text[OBJECT_NAME_MAX];
	size_t kept = 0;

	object->needed = xalloc((object->needed_count + 1) * sizeof(char *));
	for (size_t i = 0; i < object->needed_count; i++) {
		if (read_string(process, object, offsets[i], text, sizeof(text)))
			object->needed[kept++] = xstrdup(text);
		else
			object->broken = true;
	}
	object->needed_count = kept;
}

void loaded_read(const struct process *process, uint64_t bias, uint64_t name, uint64_t dynamic,
		 struct loaded *object)
{
	const struct image *image = process_image_at(process, dynamic);
	uint64_t soname = 0, needed[NEEDED_MAX];
	size_t i;

	*object = (struct loaded){.bias = bias, .dynamic = dynamic, .vdso = image && image->vdso};
	read_text(process, name, object->name, sizeof(object->name));
	for (i = 0; i < DYNAMIC_MAX; i++) {
		Elf64_Dyn entry;

		if (process_read(process, dynamic + i * sizeof(entry), &entry, sizeof(entry))) {
			object->broken = true;
			break;
		}
		if (entry.d_tag == DT_NULL)
			break;
		take_entry(object, &entry, &soname, needed);
	}
	object->broken |= i == DYNAMIC_MAX;
	if (soname)
		read_string(process, object, soname, object->soname, sizeof(object->soname));
	read_needed(process, object, needed);
	if (!object->name[0])
		snprintf(object->name, sizeof(object->name), "the executable");
}

void loaded_release(struct loaded *object)
{
	for (size_t i = 0; i < object->needed_count; i++)
		free(object->needed[i]);
	free(object->needed);
}

bool loaded_is(const struct loaded *object, const char *name)
{
	const char *base = strrchr(object->name, '/');

	return !strcmp(name, object->soname) || !strcmp(name, object->name) ||
	       (base && !strcmp(name, base + 1));
}

// ---- versions ----------------------------------------------------------------------------------------------

// The name that the object gives to version INDEX. false: it has none such.
static bool version_name(const struct process *process, const struct loaded *object, unsigned index, char *to,
			 size_t size)
{
	uint64_t at = object->definitions;

	for (uint64_t i = 0; i < object->definition_count && i < DEFINITIONS_MAX; i++) {
		Elf64_Verdef definition;
		Elf64_Verdaux name;

		if (process_read(process, at, &definition, sizeof(definition)))
			return false;
		if (definition.vd_ndx == index)
			return process_read(process, at + definition.vd_aux, &name, sizeof(name)) == 0 &&
			       read_string(process, object, name.vda_name, to, size);
		if (!definition.vd_next)
			return false;
		at += definition.vd_next;
	}
	return false;
}

enum match {
	MATCH_NO,
	MATCH_YES,
	MATCH_MAYBE /* an older version, without being asked for one */,
	MATCH_BROKEN
};

// do_lookup_x()'s check_match(): an object without versions matches every reference; with a version the name
// decides, hidden or not; without one the base or default version.
static enum match match_version(const struct process *process, const struct loaded *object, uint32_t index,
				const char *version)
{
	char text[OBJECT_NAME_MAX];
	uint16_t number;

	if (!object->versions)
		return MATCH_YES;
	if (process_read(process, object->versions + 2 * (uint64_t)index, &number, sizeof(number)))
		return MATCH_BROKEN;
	if (!version)
		return number & VERSION_HIDDEN ? MATCH_MAYBE : MATCH_YES;
	// The base version has no name: it serves every reference (interposing libraries are made so).
	if ((number & ~VERSION_HIDDEN) <= VER_NDX_GLOBAL)
		return number & VERSION_HIDDEN ? MATCH_NO : MATCH_YES;
	if (!version_name(process, object, number & ~VERSION_HIDDEN, text, sizeof(text)))
		return MATCH_NO;
	return strcmp(text, version) ? MATCH_NO : MATCH_YES;
}

// ---- hash tables -------------------------------------------------------------------------------------------

struct search {
	const struct process *process;
	const struct loaded *object;
	const char *name, *version;
	struct loaded_symbol *symbol;
	unsigned older; // hidden versions met without a version asked for
	bool broken;
};

static bool usable(const Elf64_Sym *symbol)
{
	unsigned type = ELF64_ST_TYPE(symbol->st_info), bind = ELF64_ST_BIND(symbol->st_info);

	if (bind != STB_GLOBAL && bind != STB_WEAK && bind != STB_GNU_UNIQUE)
		return false;
	// An undefined function with a value is a non-PIE executable's PLT entry: its address everywhere.
	if (symbol->st_value == 0 && symbol->st_shndx != SHN_ABS)
		return false;
	if (symbol->st_shndx == SHN_UNDEF && type != STT_FUNC)
		return false;
	return type == STT_NOTYPE || type == STT_OBJECT || type == STT_FUNC || type == STT_COMMON ||
	       type == STT_GNU_IFUNC;
}

// true: this is it.
static bool try_symbol(struct search *search, uint32_t index)
{
	const struct loaded *object = search->object;
	char text[NAME_MAX_BYTES];
	size_t length = strlen(search->name) + 1;
	Elf64_Sym symbol;

	if (process_read(search->process, object->symbols + (uint64_t)index * sizeof(symbol), &symbol,
			 sizeof(symbol))) {
		search->broken = true;
		return false;
	}
	if (length > sizeof(text) || symbol.st_name >= object->strings_size || !usable(&symbol) ||
	    process_read(search->process, object->strings + symbol.st_name, text, length) ||
	    memcmp(text, search->name, length) != 0)
		return false;
	switch (match_version(search->process, object, index, search->version)) {
	case MATCH_YES:
		break;
	case MATCH_MAYBE:
		search->older++;
		return false;
	case MATCH_BROKEN:
		search->broken = true;
		return false;
	default:
		return false;
	}
	*search->symbol = (struct loaded_symbol){
		.address = symbol.st_value + (symbol.st_shndx == SHN_ABS ? 0 : object->bias),
		.size = symbol.st_size,
		.type = ELF64_ST_TYPE(symbol.st_info),
	};
	return true;
}

static uint32_t gnu_hash(const char *name)
{
	uint32_t hash = 5381;

	for (; *name; name++)
		hash = hash * 33 + (uint8_t)*name;
	return hash;
}

// Header: buckets, first symbol, bloom words, bloom shift; bloom filter (8 bytes each), buckets, chains.
static bool search_gnu(struct search *search)
{
	const struct process *process = search->process;
	uint64_t table = search->object->gnu_hash, chains, buckets, bloom;
	uint32_t header[4], hash = gnu_hash(search->name), index, value;

	if (process_read(process, table, header, sizeof(header)) || header[0] == 0 || header[2] == 0 ||
	    process_read(process, table + 16 + 8 * (uint64_t)(hash / 64 % header[2]), &bloom,
			 sizeof(bloom))) {
		search->broken = true;
		return false;
	}
	if (!(bloom >> (hash % 64) & bloom >> ((header[3] < 32 ? hash >> header[3] : 0) % 64) & 1))
		return false;
	buckets = table + 16 + 8 * (uint64_t)header[2];
	chains = buckets + 4 * (uint64_t)header[0];
	if (process_read(process, buckets + 4 * (uint64_t)(hash % header[0]), &index, sizeof(index))) {
		search->broken = true;
		return false;
	}
	if (index < header[1])
		return false;
	for (unsigned steps = 0; steps < CHAIN_MAX; steps++, index++) {
		if (process_read(process, chains + 4 * (uint64_t)(index - header[1]), &value, sizeof(value)))
			break;
		if ((value | 1) == (hash | 1) && try_symbol(search, index))
			return true;
		if ((value & 1) || search->broken)
			return false;
	}
	search->broken = true;
	return false;
}

static uint32_t sysv_hash(const char *name)
{
	uint32_t hash = 0, high;

	for (; *name; name++) {
		hash = (hash << 4) + (uint8_t)*name;
		high = hash & 0xf0000000;
		hash = (hash ^ high >> 24) & ~high;
	}
	return hash;
}

static bool search_sysv(struct search *search)
{
	const struct process *process = search->process;
	uint64_t table = search->object->hash;
	uint32_t header[2], index;

	if (process_read(process, table, header, sizeof(header)) || header[0] == 0 ||
	    process_read(process, table + 8 + 4 * (uint64_t)(sysv_hash(search->name) % header[0]), &index,
			 sizeof(index))) {
		search->broken = true;
		return false;
	}
	for (unsigned steps = 0; index != STN_UNDEF; steps++) {
		if (steps == CHAIN_MAX || index >= header[1]) {
			search->broken = true;
			return false;
		}
		if (try_symbol(search, index))
			return true;
		if (search->broken || process_read(process, table + 8 + 4 * ((uint64_t)header[0] + index),
						   &index, sizeof(index))) {
			search->broken = true;
			return false;
		}
	}
	return false;
}

enum loaded_status loaded_find(const struct process *process, const struct loaded *object, const char *name,
			       const char *version, struct loaded_symbol *symbol)
{
	struct search search = {
		.process = process, .object = object, .name = name, .version = version, .symbol = symbol};
	bool found;

	if (object->broken)
		return LOADED_MALFORMED;
	if (!object->symbols || !object->strings || (!object->gnu_hash && !object->hash))
		return LOADED_MISSING;
	found = object->gnu_hash ? search_gnu(&search) : search_sysv(&search);
	if (search.broken)
		return LOADED_MALFORMED;
	if (found)
		return LOADED_FOUND;
	// Only old versions are there: the dynamic linker would guess one for an unversioned reference.
	return search.older ? LOADED_AMBIGUOUS : LOADED_MISSING;
}
