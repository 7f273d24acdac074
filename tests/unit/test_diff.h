/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Builds a source of testdata/diff/ twice, with -DOLD and -DNEW, and compares the two objects. The result is a text
 * that tests compare with what follows from the source's meaning: "~ f" changed, "+ f" new, "- f" removed, "= f" only
 * __LINE__ moved; in the order of names, parts of functions left out.
 */
#ifndef TESTS_UNIT_TEST_DIFF_H
#define TESTS_UNIT_TEST_DIFF_H

#include "diff/model.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HELPER static __attribute__((unused))

struct build {
	char *directory; /* of its own, removed by build_free() */
	struct interner *names;
	struct diags *diags;
	struct object *old, *new_object;
	char *result, *refusals;
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

/* A new directory below $TMPDIR or /tmp. */
HELPER char *make_directory(void)
{
	const char *parent = getenv("TMPDIR");
	char *directory = xasprintf("%s/diff-XXXXXX", parent ? parent : "/tmp");

	cr_assert_not_null(mkdtemp(directory));
	return directory;
}

HELPER void remove_directory(char *directory)
{
	run_command("rm -rf '%s'", directory);
	free(directory);
}

HELPER struct object *load_file(const char *path, struct interner *names, struct diags *diags)
{
	struct file file;
	struct object *object;

	cr_assert_eq(file_map(path, &file), 0, "%s cannot be read", path);
	object = object_load(path, file.data, file.size, names, diags);
	if (object)
		object->file = file;
	else
		file_unmap(&file);
	return object;
}

struct line {
	const char *name;
	char mark;
};

HELPER int compare_lines(const void *a, const void *b)
{
	const struct line *left = a, *right = b;
	int order = strcmp(left->name, right->name);

	return order ? order : left->mark - right->mark;
}

/* "~ changed", "+ new", "- removed", "= only __LINE__" by name, parts of functions left out. */
HELPER char *describe(const struct object *old, const struct object *new_object)
{
	VEC(struct line) lines = {0};
	char *text = xstrdup("");

	for (int side = 0; side < 2; side++) {
		const struct object *object = side ? new_object : old;

		for (size_t i = 0; i < object->unit_count; i++) {
			const struct unit *unit = &object->units[i];

			if (unit->owner && unit->kind == UNIT_FUNCTION)
				continue;
			if (unit->status == UNIT_REMOVED)
				*vec_push(&lines) = (struct line){unit->name, '-'};
			else if (side && (unit->status != UNIT_SAME || unit->line_only))
				*vec_push(&lines) =
					(struct line){unit->name, unit->status == UNIT_NEW       ? '+'
								  : unit->status == UNIT_CHANGED ? '~'
												 : '='};
		}
	}
	if (lines.count)
		qsort(lines.at, lines.count, sizeof(struct line), compare_lines);
	for (size_t i = 0; i < lines.count; i++) {
		char *longer = xasprintf("%s%c %s\n", text, lines.at[i].mark, lines.at[i].name);

		free(text);
		text = longer;
	}
	free(lines.at);
	return text;
}

HELPER const char *compiler(void)
{
	return getenv("CC") && *getenv("CC") ? getenv("CC") : "gcc";
}

/* Compiles SOURCE of testdata/diff twice and compares. A compiler that fails ends the test. */
HELPER struct build *build_sides(const char *source, const char *old_flags, const char *new_flags)
{
	struct build *build = xalloc(sizeof(*build));
	char *old, *new_path;

	*build = (struct build){.directory = make_directory(), .names = interner_new(), .diags = diags_new()};
	old = path_join(build->directory, "old.o");
	new_path = path_join(build->directory, "new.o");
	run_command("%s -DOLD %s -c -o %s testdata/diff/%s", compiler(), old_flags, old, source);
	run_command("%s -DNEW %s -c -o %s testdata/diff/%s", compiler(), new_flags, new_path, source);
	build->old = load_file(old, build->names, build->diags);
	build->new_object = load_file(new_path, build->names, build->diags);
	cr_assert(build->old && build->new_object, "%s: cannot be loaded", source);
	correlate(build->old, build->new_object);
	compare(build->old, build->new_object);
	build->result = describe(build->old, build->new_object);
	free(old);
	free(new_path);
	return build;
}

#define SECTIONS "-O2 -g -ffunction-sections -fdata-sections "

HELPER struct build *build_pair(const char *source, const char *flags)
{
	char *all = xasprintf(SECTIONS "%s", flags);
	struct build *build = build_sides(source, all, all);

	free(all);
	return build;
}

HELPER void build_free(struct build *build)
{
	object_free(build->old);
	object_free(build->new_object);
	interner_free(build->names);
	diags_free(build->diags);
	remove_directory(build->directory);
	free(build->refusals);
	free(build->result);
	free(build);
}

/* Refusal codes that need no image, each once, "a b c". */
HELPER const char *build_refusals(struct build *build)
{
	struct pair pair = {
		.path = "case.o", .old = build->old, .new = build->new_object, .status = PAIR_CHANGED};
	const char *last = "";

	check_sections(&pair, build->diags);
	check_pair(&pair, build->diags);
	diags_sort(build->diags);
	build->refusals = xstrdup("");
	for (size_t i = 0; i < diags_count(build->diags); i++) {
		const struct diag *diag = diags_at(build->diags, i);
		char *longer;

		if (strstr(build->refusals, diag->code))
			continue;
		longer = xasprintf("%s%s%s", build->refusals, *last ? " " : "", diag->code);
		last = diag->code;
		free(build->refusals);
		build->refusals = longer;
	}
	return build->refusals;
}

/* The unit of that name; none ends the test. */
HELPER struct unit *find_unit(struct object *object, const char *name)
{
	struct symbol *symbol = object_find(object, name);

	cr_assert(symbol && symbol->unit, "no %s", name);
	return symbol->unit;
}

/* One test: compiles testdata/diff/SOURCE with FLAGS and expects RESULT. */
#define PROVES(suite, name, source, flags, expected)                                                         \
	Test(suite, name)                                                                                    \
	{                                                                                                    \
		struct build *build = build_pair(source, flags);                                             \
		cr_expect_str_eq(build->result, expected, "%s %s:\ngot:\n%sexpected:\n%s", source, flags,    \
				 build->result, expected);                                                   \
		build_free(build);                                                                           \
	}
#define REFUSES(suite, name, source, flags, expected)                                                        \
	Test(suite, name)                                                                                    \
	{                                                                                                    \
		struct build *build = build_pair(source, flags);                                             \
		const char *codes = build_refusals(build);                                                   \
		cr_expect_str_eq(codes, expected, "%s %s:\ngot: %s\nexpected: %s\n%s", source, flags, codes, \
				 expected, build->result);                                                   \
		build_free(build);                                                                           \
	}

#endif
