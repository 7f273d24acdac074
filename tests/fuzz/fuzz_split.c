// SPDX-License-Identifier: GPL-3.0-or-later
// Asks for the debug information of objects whose .dwo file, or .dwp file, is the input.
#include "diff/debug.h"
#include "diff/model.h"
#include "tests/fuzz/driver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *fuzz_seeds;

static const char *directory;
static char seeds[64];
static struct file objects[3];
static size_t object_count;

// Objects of both versions, and as seeds what belongs to them: a .dwo file and a package of it. LLVM's tool makes packages
// of DWARF 5, but comes to no end on what GCC writes there.
__attribute__((constructor)) static void prepare(void)
{
	char path[64];

	directory = fuzz_make_seeds(
		"cd $D && mkdir seeds && "
		"printf 'struct s { int a; long b[4]; }; struct s s; int take(int); "
		"static inline __attribute__((always_inline)) int in(int x) { return x > 9 ? take(x + s.a) : "
		"x; } "
		"int f(int x) { return in(x) + in(x + 1); } int main(void) { return f(3); } int take(int x) "
		"{ return x; }\n' >x.c && "
		"make() { $2 -O2 -g -gdwarf-$1 -gsplit-dwarf -ffunction-sections -c -o x.o x.c && "
		"cp x.dwo seeds/$4.dwo && $2 -o x x.o && { timeout 20 $3 -e x -o seeds/$4.dwp || :; }; mv "
		"x.o $4.o; }; "
		"{ make 4 ${CC:-gcc} dwp 0 && make 5 ${CC:-gcc} true 1 && { ! command -v clang || make 5 "
		"clang llvm-dwp 2; }; } "
		">/dev/null 2>&1");
	if (!directory)
		return;
	for (unsigned number = 0; number < ARRAY_SIZE(objects); number++) {
		snprintf(path, sizeof(path), "%s/%u.o", directory, number);
		object_count += !file_map(path, &objects[object_count]);
	}
	snprintf(seeds, sizeof(seeds), "%s/seeds", directory);
	fuzz_seeds = seeds;
}

static void ask(struct object *object, struct arena *arena)
{
	const char *file, *names[4];
	unsigned line;

	object_has_types(object);
	object_field(object, "s", 20, arena);
	for (size_t i = 0; i < object->unit_count; i++) {
		const struct unit *unit = &object->units[i];

		unit_declared(unit, &file, &line);
		function_signature(object, unit->section, unit->offset, arena);
		for (uint64_t at = 0; at < unit->size && at < 64; at += 7)
			debug_inlined(object, unit->section, unit->offset + at, names, 4);
	}
}

// The input is one of both: the other name does not exist then.
static void ask_with(const char *file, bool package, const struct file *bytes)
{
	struct input input = {.file = file};
	struct tree tree = {0};
	struct interner *names = interner_new();
	struct diags *diags = diags_new();
	struct arena *arena = arena_new();
	struct object *object = object_load("x.o", bytes->data, bytes->size, names, diags);

	if (package)
		*vec_push(&tree.packages) = input;
	if (object) {
		object->tree = &tree;
		object->file_path = arena_printf(arena, "%s/x.o", directory);
		ask(object, arena);
	}
	object_free(object);
	free(tree.packages.at);
	arena_free(arena);
	diags_free(diags);
	interner_free(names);
}

// file_write() waits for the disk, which is most of the time then.
static bool write_plainly(const char *path, const uint8_t *data, size_t size)
{
	FILE *file = fopen(path, "wb");
	bool written = file && fwrite(data, 1, size, file) == size;

	return file && !fclose(file) && written;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[64];

	for (unsigned package = 0; package < 2; package++) {
		snprintf(path, sizeof(path), "%s/x.%s", directory, package ? "dwp" : "dwo");
		if (!write_plainly(path, data, size))
			return 0;
		for (size_t i = 0; i < object_count; i++)
			ask_with(path, package, &objects[i]);
		remove(path);
	}
	return 0;
}
