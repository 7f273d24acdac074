// SPDX-License-Identifier: GPL-3.0-or-later
// Asks everything of the debug information of an object, explains its differences to a copy, and lists instructions.
#include "diff/debug.h"
#include "diff/model.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *fuzz_seeds;

static char directory[] = "/tmp/fuzz-debug-XXXXXX";

// Small sources in all the forms that debug information has.
__attribute__((constructor)) static void make_seeds(void)
{
	static const char command[] =
		"for source in lines_inlined cold_part switch_table static_locals; do "
		"for form in gdwarf-5 gdwarf-4 gdwarf-2 gdwarf64 gz gsplit-dwarf; do "
		"(cd %s && ${CC:-gcc} -O2 -g -$form -ffunction-sections -DNEW -c -o $source-$form.o "
		"\"$OLDPWD\"/testdata/diff/$source.c); done; "
		"! command -v clang || clang -O2 -g -DNEW -c -o %s/$source-clang.o testdata/diff/$source.c; "
		"done >/dev/null 2>&1; rm -f %s/*.dwo";
	char text[sizeof(command) + 3 * sizeof(directory)];

	if (!mkdtemp(directory))
		return;
	snprintf(text, sizeof(text), command, directory, directory, directory);
	if (system(text) == 0)
		fuzz_seeds = directory;
}

__attribute__((destructor)) static void remove_seeds(void)
{
	char text[sizeof(directory) + 16];

	snprintf(text, sizeof(text), "rm -rf %s", directory);
	if (fuzz_seeds && system(text) != 0)
		fuzz_seeds = NULL;
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = xalloc(size + 1); // a size that the sanitizer knows to the byte

	if (size > 64) {
		memcpy(copy, data, size);
		copy[64 + hash_bytes(data + size - 8, 8, size) % (size - 64)] ^= data[size - 1] | 1;
		compare_bytes(data, copy, size);
	}
	free(copy);
	return 0;
}
