// SPDX-License-Identifier: GPL-3.0-or-later
// Split debug information (-gsplit-dwarf, DWARF 5 appendix F): the .dwo file of an object, found by name, known by its id.
#include "diff/debug.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

// What is taken from there; addresses and lines stay the object's.
static const enum debug_kind kinds[] = {DEBUG_INFO, DEBUG_ABBREV, DEBUG_STR, DEBUG_STR_OFFSETS,
					DEBUG_RNGLISTS};

// ".debug_info.dwo"
static int kind_of(const char *name)
{
	size_t length = name ? strlen(name) : 0;

	if (length < 4 || strcmp(name + length - 4, ".dwo"))
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strlen(debug_section_name(kinds[i])) == length - 4 &&
		    !strncmp(debug_section_name(kinds[i]), name, length - 4))
			return (int)kinds[i];
	return -1;
}

static void take_sections(struct debug *debug, Elf *elf, struct debug_section *sections)
{
	Elf_Scn *scn = NULL;
	size_t names;

	if (!elf64_getehdr(elf) || elf_getshdrstrndx(elf, &names))
		return;
	while ((scn = elf_nextscn(elf, scn))) {
		GElf_Shdr header;
		int kind;

		if (!gelf_getshdr(scn, &header) ||
		    (kind = kind_of(elf_strptr(elf, names, header.sh_name))) < 0)
			continue;
		if (header.sh_flags & SHF_GROUP) // -fdebug-types-section
			debug->has_type_units = true;
		else
			debug_take_contents(debug, &sections[kind], scn, &header);
	}
}

static bool has_id(const struct debug *debug, const struct debug_section *info, uint64_t id)
{
	struct cursor cursor = cursor_at(info->data, info->size, 0, debug->big_endian);
	unsigned offset_size = 4;

	if (!info->data)
		return false;
	if (cursor_number(&cursor, 4) == UINT32_MAX) {
		cursor_skip(&cursor, 8);
		offset_size = 8;
	}
	if (cursor_number(&cursor, 2) != 5 || cursor_number(&cursor, 1) != DW_UT_split_compile)
		return false;
	cursor_skip(&cursor, 1 + offset_size);
	return cursor_number(&cursor, 8) == id && !cursor.bad;
}

static bool join(struct object *object, const char *path, uint64_t id)
{
	struct debug_section sections[DEBUG_KINDS] = {0};
	struct debug *debug = object->debug;
	struct file file;
	Elf *elf;

	if (file_map(path, &file))
		return false;
	elf = elf_memory((char *)(uintptr_t)file.data, file.size);
	if (elf)
		take_sections(debug, elf, sections);
	if (!has_id(debug, &sections[DEBUG_INFO], id)) {
		for (size_t i = 0; i < DEBUG_KINDS; i++)
			free(sections[i].inflated);
		elf_end(elf);
		file_unmap(&file);
		return false;
	}
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct debug_section *section = &debug->sections[kinds[i]];

		free(section->sorted);
		free(section->inflated);
		*section = sections[kinds[i]];
		debug->budget += section->size;
	}
	debug->split = elf;
	debug->split_file = file;
	return true;
}

/*
 * Beside the object, where trees that were copied have it; in the tree; where it was compiled. Only the id says whether it
 * is the right one: old and new build may have been made in one place.
 */
bool debug_join_split(struct object *object, const char *name, const char *compile_dir, uint64_t id)
{
	const char *slash, *own = object->file_path, *base;

	if (!name || !*name || !own)
		return false;
	base = strrchr(name, '/') ? strrchr(name, '/') + 1 : name;
	slash = strrchr(own, '/');
	if (join(object, slash ? arena_printf(object->arena, "%.*s/%s", (int)(slash - own), own, base) : base,
		 id))
		return true;
	if (*name == '/')
		return join(object, name, id);
	return (object->tree_root &&
		join(object, arena_printf(object->arena, "%s/%s", object->tree_root, name), id)) ||
	       (compile_dir && join(object, arena_printf(object->arena, "%s/%s", compile_dir, name), id));
}
