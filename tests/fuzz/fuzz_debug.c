// SPDX-License-Identifier: GPL-3.0-or-later
// Asks everything of the debug information of an object, explains its differences to a copy, and lists instructions. The copy
// has one byte of its file damaged, or a few of its debug information alone.
#include "diff/debug.h"
#include "diff/model.h"
#include "tests/fuzz/driver.h"

#include <stdlib.h>
#include <string.h>

const char *fuzz_seeds;

// Small sources in all the forms that debug information has.
__attribute__((constructor)) static void make_seeds(void)
{
	fuzz_seeds = fuzz_make_seeds(
		"here=$PWD; cd $D; for source in diff/lines_inlined diff/cold_part diff/switch_table "
		"diff/static_locals "
		"plugin/inlined_statics diff/static_swapped; do name=$(basename $source); "
		"for form in gdwarf-5 gdwarf-4 gdwarf-2 gdwarf64 gz gsplit-dwarf; do "
		"${CC:-gcc} -O2 -g -$form -ffunction-sections -DNEW -c -o $name-$form.o "
		"$here/testdata/$source.c; done; "
		"! command -v clang || clang -O2 -g -DNEW -c -o $name-clang.o $here/testdata/$source.c; "
		"done >/dev/null 2>&1; "
		"for source in static_namesakes static_in_inline_function; do "
		"${CC:-gcc} -O2 -g -c -o $source.o $here/testdata/cases/$source.cc; done 2>/dev/null; rm -f "
		"*.dwo");
}

static void ask(struct object *object, struct arena *arena)
{
	const char *file, *names[4];
	unsigned line;

	object_compile_dir(object);
	object_has_types(object);
	for (size_t i = 0; i < object->unit_count; i++) {
		const struct unit *unit = &object->units[i];

		unit_declared(unit, &file, &line);
		debug_static(object, unit->section, unit->offset, &line);
		if (unit->kind == UNIT_DATUM)
			object_field(object, unit->name, unit->size / 2, arena);
		if (unit->kind != UNIT_FUNCTION)
			continue;
		for (uint64_t at = 0; at < unit->size && at < 64; at += 7) {
			object_line(object, unit->section, unit->offset + at, &file, &line);
			debug_inlined(object, unit->section, unit->offset + at, names, 4);
		}
	}
}

// Every function is taken for changed, so that all of the explanation runs.
static void explain_all(struct object *old, struct object *new_object, struct arena *arena)
{
	size_t count;

	correlate(old, new_object);
	compare(old, new_object);
	for (size_t i = 0; i < new_object->unit_count; i++) {
		struct unit *unit = &new_object->units[i];

		if (unit->match && unit->status == UNIT_SAME && unit->kind <= UNIT_DATUM && i < 64)
			unit->status = UNIT_CHANGED;
	}
	explain(old, new_object);
	object_type_changes(old, new_object, arena, &count);
	for (size_t i = 0; i < new_object->unit_count && i < 64; i++)
		if (new_object->units[i].kind == UNIT_FUNCTION)
			unit_patch(new_object->units[i].match, &new_object->units[i], 3, arena);
}

static void compare_bytes(const uint8_t *old_data, const uint8_t *new_data, size_t size)
{
	struct interner *names = interner_new();
	struct diags *diags = diags_new();
	struct arena *arena = arena_new();
	struct object *old = object_load("fuzz.o", old_data, size, names, diags);
	struct object *new_object = object_load("fuzz.o", new_data, size, names, diags);

	if (old && new_object && old->arch == new_object->arch) {
		ask(new_object, arena);
		explain_all(old, new_object, arena);
	}
	object_free(old);
	object_free(new_object);
	arena_free(arena);
	diags_free(diags);
	interner_free(names);
}

// One section of those that hold debug information alone: damage elsewhere mostly keeps all of it from being read.
static bool damage_debug(uint8_t *bytes, const uint8_t *data, size_t size)
{
	const Elf64_Ehdr *header = (const void *)data;
	size_t skip = data[size - 1] % 8;
	Elf64_Shdr section;

	if (size < sizeof(*header) || header->e_shoff > size)
		return false;
	for (size_t i = 0; i < 8u * header->e_shnum; i++) {
		size_t at = header->e_shoff + i % header->e_shnum * sizeof(section);

		if (at + sizeof(section) > size)
			return false;
		memcpy(&section, data + at, sizeof(section));
		if (section.sh_type != SHT_PROGBITS || section.sh_flags & (SHF_ALLOC | SHF_EXECINSTR) ||
		    section.sh_offset > size || section.sh_size > size - section.sh_offset || skip-- > 0)
			continue;
		fuzz_damage(bytes + section.sh_offset, section.sh_size, data, size);
		return true;
	}
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = xalloc(size + 1); // a size that the sanitizer knows to the byte

	if (size > 64) {
		memcpy(copy, data, size);
		if (damage_debug(copy, data, size))
			compare_bytes(data, copy, size);
		memcpy(copy, data, size);
		copy[64 + hash_bytes(data + size - 8, 8, size) % (size - 64)] ^= data[size - 1] | 1;
		compare_bytes(data, copy, size);
	}
	free(copy);
	return 0;
}
