// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Split debug information (-gsplit-dwarf; DWARF 5 appendix F, before it GCC's DebugFission): the entries of a unit are in
 * a .dwo file, or in a .dwp file that has been made of many. Found by name, known by its id; addresses and lines stay
 * the object's.
 */
#include "diff/debug-info.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

struct split {
	struct split *next;
	Elf *elf;
	struct file file;
	bool has_type_units;
	struct debug_section sections[DEBUG_KINDS], index; // index: .debug_cu_index of a .dwp file
};

static void split_close(struct split *split)
{
	for (size_t i = 0; i < DEBUG_KINDS; i++)
		free(split->sections[i].inflated);
	free(split->index.inflated);
	elf_end(split->elf);
	file_unmap(&split->file);
	free(split);
}

void splits_free(struct debug *debug)
{
	while (debug->splits) {
		struct split *next = debug->splits->next;

		split_close(debug->splits);
		debug->splits = next;
	}
}

static void take_section(const struct debug *debug, struct split *split, Elf_Scn *scn,
			 const GElf_Shdr *header, const char *name)
{
	int kind = debug_kind_of(name, ".dwo");

	if (!strcmp(name, ".debug_cu_index"))
		debug_take_contents(debug, &split->index, scn, header, name);
	else if (!strcmp(name, ".debug_tu_index") || !strcmp(name, ".debug_types.dwo"))
		split->has_type_units = true;
	else if (kind >= 0 && header->sh_flags & SHF_GROUP) // -fdebug-types-section
		split->has_type_units = true;
	else if (kind >= 0)
		debug_take_contents(debug, &split->sections[kind], scn, header, name);
}

static struct split *split_open(const struct debug *debug, const char *path)
{
	struct split *split = xalloc(sizeof(*split));
	Elf_Scn *scn = NULL;
	size_t names;

	*split = (struct split){0};
	if (file_map(path, &split->file)) {
		free(split);
		return NULL;
	}
	split->elf = elf_memory((char *)(uintptr_t)split->file.data, split->file.size);
	if (!split->elf || !elf64_getehdr(split->elf) || elf_getshdrstrndx(split->elf, &names)) {
		split_close(split);
		return NULL;
	}
	while ((scn = elf_nextscn(split->elf, scn))) {
		GElf_Shdr header;
		const char *name;

		if (gelf_getshdr(scn, &header) && (name = elf_strptr(split->elf, names, header.sh_name)))
			take_section(debug, split, scn, &header, name);
	}
	return split;
}

// ---- .dwp -------------------------------------------------------------------------------------------

// Columns of the index (DW_SECT_*); number 8 is another one before version 5, and not needed there.
static const struct {
	uint64_t column;
	enum debug_kind kind;
} columns[] = {{1, DEBUG_INFO}, {3, DEBUG_ABBREV}, {6, DEBUG_STR_OFFSETS}, {8, DEBUG_RNGLISTS}};

struct index { // 7.3.5.3: a hash table of ids, a table of offsets with a head, one of sizes
	uint64_t version, columns, rows, slots;
	size_t ids, numbers, offsets, sizes;
};

static bool read_index(const struct debug *debug, const struct debug_section *section, struct index *index)
{
	struct cursor cursor = cursor_at(section->data, section->size, 0, debug->big_endian);

	index->version = cursor_number(&cursor, 2);
	if (index->version == 5) {
		cursor_skip(&cursor, 2);
	} else { // GNU's of before has one number of four bytes
		cursor = cursor_at(section->data, section->size, 0, debug->big_endian);
		index->version = cursor_number(&cursor, 4);
	}
	index->columns = cursor_number(&cursor, 4);
	index->rows = cursor_number(&cursor, 4);
	index->slots = cursor_number(&cursor, 4);
	index->ids = cursor.at;
	cursor_skip(&cursor, index->slots * 8);
	index->numbers = cursor.at;
	cursor_skip(&cursor, index->slots * 4);
	index->offsets = cursor.at;
	cursor_skip(&cursor, index->columns * 4);
	cursor_skip(&cursor, index->columns * index->rows * 4);
	index->sizes = cursor.at;
	cursor_skip(&cursor, index->columns * index->rows * 4);
	return !cursor.bad && (index->version == 2 || index->version == 5) && index->slots &&
	       !(index->slots & (index->slots - 1));
}

static uint64_t number_at(const struct debug *debug, const struct debug_section *section, size_t at,
			  unsigned bytes)
{
	struct cursor cursor = cursor_at(section->data, section->size, at, debug->big_endian);

	return cursor_number(&cursor, bytes);
}

// Rows count from 1; 0: no such id.
static uint64_t find_row(const struct debug *debug, const struct debug_section *section,
			 const struct index *index, uint64_t id)
{
	uint64_t mask = index->slots - 1, slot = id & mask, step = (id >> 32 & mask) | 1;

	for (uint64_t i = 0; i < index->slots; i++, slot = (slot + step) & mask) {
		uint64_t row = number_at(debug, section, index->numbers + slot * 4, 4);

		if (!row)
			return 0;
		if (number_at(debug, section, index->ids + slot * 8, 8) == id)
			return row <= index->rows ? row : 0;
	}
	return 0;
}

static bool narrow(struct debug_section *section, uint64_t offset, uint64_t size)
{
	if (offset > section->size || size > section->size - offset)
		return false;
	section->data += section->data ? offset : 0;
	section->size = size;
	return true;
}

// Narrows the sections to what one unit contributed to them; strings are common to all.
static bool take_row(const struct debug *debug, struct split *split, uint64_t id)
{
	const struct debug_section *section = &split->index;
	struct index index;
	uint64_t row;

	if (!read_index(debug, section, &index) || !(row = find_row(debug, section, &index, id)))
		return false;
	for (uint64_t c = 0; c < index.columns; c++) {
		uint64_t column = number_at(debug, section, index.offsets + c * 4, 4);
		size_t cell = (size_t)(row - 1) * index.columns + c;

		for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
			if (columns[i].column == column && (column != 8 || index.version == 5) &&
			    !narrow(&split->sections[columns[i].kind],
				    number_at(debug, section, index.offsets + (index.columns + cell) * 4, 4),
				    number_at(debug, section, index.sizes + cell * 4, 4)))
				return false;
	}
	return true;
}

// ---- where it is ------------------------------------------------------------------------------------

static bool join(struct object *object, const char *path, uint64_t id, bool package, struct unit_header *unit)
{
	struct debug *debug = object->debug;
	struct split *split = split_open(debug, path);
	uint64_t budget = debug->budget;
	size_t next;

	if (!split)
		return false;
	*unit = (struct unit_header){0};
	if (!package || take_row(debug, split, id)) {
		for (size_t i = 0; i < DEBUG_KINDS; i++)
			debug->budget += i == DEBUG_STR ? 0 : split->sections[i].size;
		if (unit_read(object, split->sections, 0, unit, &next) && unit->first &&
		    unit->kind == DW_UT_split_compile && unit->split_id == id) {
			split->next = debug->splits;
			debug->splits = split;
			debug->has_type_units |= split->has_type_units;
			return true;
		}
	}
	unit_release(unit);
	debug->budget = budget;
	split_close(split);
	return false;
}

// .dwp files of the tree, which its .dwo files may have gone into.
static bool join_package(struct object *object, uint64_t id, struct unit_header *unit)
{
	const struct tree *tree = object->tree;

	for (size_t i = 0; tree && i < tree->packages.count; i++)
		if (join(object, tree->packages.at[i].file, id, true, unit))
			return true;
	return false;
}

/*
 * Beside the object, where trees that were copied have it; in the tree; where it was compiled. Only the id says whether it
 * is the right one: old and new build may have been made in one place.
 */
bool split_find(struct object *object, const struct unit_header *skeleton, struct unit_header *unit)
{
	const char *name = skeleton->split_name, *own = object->file_path, *slash, *base;
	struct arena *arena = object->arena;
	uint64_t id = skeleton->split_id;

	if (!name || !*name || !own)
		return false;
	base = strrchr(name, '/') ? strrchr(name, '/') + 1 : name;
	slash = strrchr(own, '/');
	if (join(object, slash ? arena_printf(arena, "%.*s/%s", (int)(slash - own), own, base) : base, id,
		 false, unit))
		return true;
	if (object->tree_root && *name != '/' &&
	    join(object, arena_printf(arena, "%s/%s", object->tree_root, name), id, false, unit))
		return true;
	if (join_package(object, id, unit))
		return true;
	if (*name == '/')
		return join(object, name, id, false, unit);
	return skeleton->compile_dir &&
	       join(object, arena_printf(arena, "%s/%s", skeleton->compile_dir, name), id, false, unit);
}
