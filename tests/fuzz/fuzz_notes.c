// SPDX-License-Identifier: GPL-3.0-or-later
// Damages the notes of an object alone, and compares it with the undamaged one: correlation, layouts, reasons, options.
#include "diff/model.h"
#include "diff/notes.h"
#include "tests/fuzz/driver.h"

#include <stdlib.h>
#include <string.h>

const char *fuzz_seeds;

// Notes are made by the plugin when it is there; else the driver's own inputs have to do.
__attribute__((constructor)) static void make_seeds(void)
{
	fuzz_seeds = fuzz_make_seeds("plugin=${HP_BUILD:-build}/gcc-plugin/hotpatch.so; for source in "
				     "testdata/plugin/*.c testdata/diff/*.c; do "
				     "${CC:-gcc} -O2 -DOLD -DLOOKS_LIKE=3 -fplugin=$plugin -c -o "
				     "$D/$(basename $source .c).o $source; done 2>/dev/null");
}

static void use_notes(struct object *old, struct object *new_object)
{
	struct diags *diags = diags_new();
	struct arena *arena = arena_new();
	struct pair pair = {.path = "fuzz.o", .status = PAIR_CHANGED, .old = old, .new = new_object};
	struct type_change *changes;
	size_t count;

	correlate(old, new_object);
	compare(old, new_object);
	notes_type_changes(old, new_object, arena, &changes, &count);
	for (size_t i = 0; i < new_object->unit_count; i++) {
		struct unit *unit = &new_object->units[i];
		unsigned line;

		if (unit->match && unit->kind == UNIT_FUNCTION) {
			notes_inlined_change(unit->match, unit, &line);
			unit->status = UNIT_CHANGED;
		}
	}
	notes_may_be_line(new_object, 7);
	check_notes(&pair, diags);
	arena_free(arena);
	diags_free(diags);
}

static void compare_bytes(const uint8_t *old_data, const uint8_t *new_data, size_t size)
{
	struct interner *names = interner_new();
	struct diags *diags = diags_new();
	struct object *old = object_load("fuzz.o", old_data, size, names, diags);
	struct object *new_object = object_load("fuzz.o", new_data, size, names, diags);

	if (old && new_object && old->arch == new_object->arch)
		use_notes(old, new_object);
	object_free(old);
	object_free(new_object);
	diags_free(diags);
	interner_free(names);
}

// Else nothing behind the sum would ever be reached.
static void make_sum_right(uint8_t *unit, size_t size)
{
	uint64_t length = 0, sum;
	size_t at = 4;

	for (unsigned shift = 0; at < size && shift < 63; shift += 7) {
		length |= (uint64_t)(unit[at] & 0x7f) << shift;
		if (!(unit[at++] & 0x80))
			break;
	}
	if (at + 8 > size || length > size - at - 8)
		return;
	sum = notes_sum_more(NOTES_SUM_START, unit + at, length);
	for (int i = 0; i < 8; i++)
		unit[at + length + (size_t)i] = (uint8_t)(sum >> 8 * i);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = xalloc(size + 1), *at; // a size that the sanitizer knows to the byte

	if (size > 64) {
		memcpy(copy, data, size);
		at = memmem(copy, size, "HPN\2", 4);
		if (at) {
			fuzz_damage(at, size - (size_t)(at - copy), data, size);
			make_sum_right(at, size - (size_t)(at - copy));
		}
		compare_bytes(data, copy, size);
	}
	free(copy);
	return 0;
}
