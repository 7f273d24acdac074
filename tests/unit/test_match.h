/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Compiles sources of testdata/match/, links them, and matches each object in the image.
 */
#ifndef TESTS_UNIT_TEST_MATCH_H
#define TESTS_UNIT_TEST_MATCH_H

#include "create/match.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HELPER static __attribute__((unused))

enum { SOURCES_MAX = 4 };

struct linked {
	char *directory; /* of its own, removed by linked_free() */
	const char *compiler;
	struct diags *diags;
	struct interner *names;
	struct image *image;
	const char *sources[SOURCES_MAX + 1]; /* "main", "other": main.c is main.o */
	struct object *objects[SOURCES_MAX];
	struct placement *placements[SOURCES_MAX];
	size_t count;
};

/* Runs a command made from a format; a failing one ends the test. */
PRINTF_LIKE(1, 2) HELPER void run_command(const char *format, ...)
{
	va_list arguments;
	char *command;

	va_start(arguments, format);
	if (vasprintf(&command, format, arguments) < 0)
		abort();
	va_end(arguments);
	cr_assert_eq(system(command), 0, "failed: %s", command);
	free(command);
}

HELPER bool have_command(const char *name)
{
	char *command = xasprintf("command -v %s >/dev/null 2>&1", name);
	bool found = system(command) == 0;

	free(command);
	return found;
}

HELPER const char *default_compiler(void)
{
	return getenv("CC") && *getenv("CC") ? getenv("CC") : "gcc";
}

#define SECTIONS "-O2 -ffunction-sections -fdata-sections"

HELPER void compile(const struct linked *linked, const char *flags)
{
	for (size_t i = 0; i < linked->count; i++)
		run_command("%s %s -c -o %s/%s.o testdata/match/%s.c", linked->compiler, flags,
			    linked->directory, linked->sources[i], linked->sources[i]);
}

HELPER void open_image(struct linked *linked, const char *name)
{
	char *path = path_join(linked->directory, name);

	image_close(linked->image);
	linked->image = image_open(path, name, linked->diags);
	cr_assert(linked->image, "%s cannot be opened: %s", name,
		  diags_count(linked->diags) ? diags_at(linked->diags, 0)->message : "no reason");
	free(path);
}

HELPER void load_objects(struct linked *linked)
{
	for (size_t i = 0; i < linked->count; i++) {
		char *path = xasprintf("%s/%s.o", linked->directory, linked->sources[i]);
		struct file file;

		object_free(linked->objects[i]);
		cr_assert_eq(file_map(path, &file), 0, "%s", path);
		linked->objects[i] =
			object_load(linked->sources[i], file.data, file.size, linked->names, linked->diags);
		cr_assert(linked->objects[i], "%s cannot be loaded", path);
		linked->objects[i]->file = file;
		free(path);
	}
}

HELPER void match_all(struct linked *linked)
{
	for (size_t i = 0; i < linked->count; i++) {
		placement_free(linked->placements[i]);
		linked->placements[i] = match_object(linked->image, linked->objects[i]);
	}
}

/* SOURCES: "main other strong", each linked in this order into `image`. */
HELPER struct linked *link_with(const char *compiler, const char *sources, const char *compile_flags,
				const char *link_flags)
{
	struct linked *linked = xalloc(sizeof(*linked));
	const char *parent = getenv("TMPDIR");
	char *list = xstrdup(sources), *save = NULL, *objects = xstrdup("");

	*linked = (struct linked){.compiler = compiler, .diags = diags_new(), .names = interner_new()};
	linked->directory = xasprintf("%s/match-XXXXXX", parent ? parent : "/tmp");
	cr_assert_not_null(mkdtemp(linked->directory));
	for (char *word = strtok_r(list, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		char *longer = xasprintf("%s %s/%s.o", objects, linked->directory, word);

		cr_assert_lt(linked->count, SOURCES_MAX);
		linked->sources[linked->count++] = intern(linked->names, word);
		free(objects);
		objects = longer;
	}
	compile(linked, compile_flags);
	run_command("%s -Wl,--build-id -o %s/image %s %s", compiler, linked->directory, objects, link_flags);
	open_image(linked, "image");
	load_objects(linked);
	match_all(linked);
	free(list);
	free(objects);
	return linked;
}

HELPER struct linked *link_all(const char *sources, const char *compile_flags, const char *link_flags)
{
	return link_with(default_compiler(), sources, compile_flags, link_flags);
}

HELPER void linked_free(struct linked *linked)
{
	for (size_t i = 0; i < linked->count; i++) {
		placement_free(linked->placements[i]);
		object_free(linked->objects[i]);
	}
	image_close(linked->image);
	interner_free(linked->names);
	diags_free(linked->diags);
	run_command("rm -rf '%s'", linked->directory);
	free(linked->directory);
	free(linked);
}

HELPER const char *result_name(enum match_result result)
{
	static const char *const names[] = {"full", "absent", "partial", "ambiguous"};

	return names[result];
}

HELPER struct unit *unit_named(struct object *object, const char *name)
{
	struct symbol *symbol = object_find(object, name);

	cr_assert(symbol && symbol->unit, "%s: no %s", object->path, name);
	return symbol->unit;
}

/* Place of the function or datum NAME of object I. */
HELPER const struct unit_place *place_named(const struct linked *linked, size_t i, const char *name)
{
	return place_of(linked->placements[i], unit_named(linked->objects[i], name));
}

HELPER const struct symbol_place *symbol_named(const struct linked *linked, size_t i, const char *name)
{
	const struct object *object = linked->objects[i];

	for (size_t s = 1; s < object->symbol_count; s++)
		if (!strcmp(object->symbols[s].name, name))
			return &linked->placements[i]->symbols[s];
	cr_assert_fail("%s: no symbol %s", object->path, name);
	return NULL;
}

HELPER void expect_full(const struct linked *linked, const char *what)
{
	for (size_t i = 0; i < linked->count; i++) {
		const struct placement *placement = linked->placements[i];
		struct arena *arena = arena_new();

		cr_expect_eq(placement->result, MATCH_FULL, "%s: %s.o: %s: %s", what, linked->sources[i],
			     result_name(placement->result), placement_explain(placement, arena));
		arena_free(arena);
	}
}

/* What the image's own symbol table says: a symbol of that name and, for statics, of that file is there. */
HELPER bool table_agrees(const struct image *image, const struct symbol *symbol, uint64_t vaddr)
{
	const struct image_symbol *const *list;
	size_t count;

	list = image_find(image, symbol->name, &count);
	for (size_t i = 0; i < count; i++) {
		uint64_t at = list[i]->vaddr + (list[i]->kind == SYMBOL_TLS ? image->tls_vaddr : 0);

		if (at == vaddr && (symbol->binding != BINDING_LOCAL || !list[i]->file ||
				    !strcmp(list[i]->file, symbol->source_file)))
			return true;
	}
	return false;
}

/* Every named function and datum that is said to be matched is where the image's symbol table has it. */
HELPER void expect_true_places(const struct linked *linked, const char *what)
{
	for (size_t i = 0; i < linked->count; i++) {
		const struct object *object = linked->objects[i];

		for (size_t u = 0; u < object->unit_count; u++) {
			const struct unit *unit = &object->units[u];
			const struct unit_place *place = place_of(linked->placements[i], unit);

			if (place->state != PLACE_MATCHED || !unit->symbol_count ||
			    unit->kind == UNIT_LITERAL || unit->symbols[0]->name[0] == '.')
				continue;
			cr_expect(table_agrees(linked->image, unit->symbols[0], place->vaddr),
				  "%s: %s.o: %s is not at 0x%llx", what, linked->sources[i], unit->name,
				  (unsigned long long)place->vaddr);
		}
	}
}

/* Changes SIZE bytes at VADDR of the image file and opens it again. */
HELPER void poke_image(struct linked *linked, uint64_t vaddr, const void *bytes, size_t size)
{
	char *path = path_join(linked->directory, "image");
	FILE *file = fopen(path, "r+b");
	const struct image *image = linked->image;

	cr_assert(file);
	for (size_t i = 0; i < image->segment_count; i++) {
		const struct hp_segment *segment = &image->segments[i];

		if (vaddr < segment->vaddr || vaddr - segment->vaddr >= segment->file_size)
			continue;
		cr_assert_eq(fseek(file, (long)(segment->offset + vaddr - segment->vaddr), SEEK_SET), 0);
		cr_assert_eq(fwrite(bytes, 1, size, file), size);
	}
	cr_assert_eq(fclose(file), 0);
	free(path);
	open_image(linked, "image");
	match_all(linked);
}

#endif
