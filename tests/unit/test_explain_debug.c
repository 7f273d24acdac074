// SPDX-License-Identifier: GPL-3.0-or-later
// What is read of debug information, in every form that compilers write it.
#include "diff/debug.h"
#include "tests/unit/test_diff.h"

static const char *const forms[] = {"-gdwarf-2",
				    "-gdwarf-3",
				    "-gdwarf-4",
				    "-gdwarf-5",
				    "-gz",
				    "-gdwarf64 -gdwarf-5",
				    "-O0",
				    "-fno-function-sections",
				    "-gdwarf-5 -gno-variable-location-views"};

// Source line of the first instruction of a function's body that is not its opening line; 0 unknown.
static unsigned last_line_of(struct object *object, const char *name, const char **file)
{
	const struct unit *unit = find_unit(object, name);
	unsigned line, last = 0;

	for (uint64_t at = 0; at < unit->size; at++)
		if (object_line(object, unit->section, unit->offset + at, file, &line) && line > last)
			last = line;
	return last;
}

Test(explain_debug, lines_are_read_in_every_form)
{
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		struct build *build = build_pair("explain.c", forms[i]);
		const char *file = "";
		unsigned line = last_line_of(build->new_object, "call_added", &file);

		cr_expect(line == 57 || line == 58, "%s: line %u", forms[i], line);
		cr_expect_str_eq(file, "testdata/diff/explain.c", "%s: %s", forms[i], file);
		build_free(build);
	}
}

Test(explain_debug, declarations_are_read_in_every_form)
{
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		struct build *build = build_pair("explain.c", forms[i]);
		const struct unit *function = find_unit(build->new_object, "call_added");
		const struct unit *datum = find_unit(build->new_object, "limits");
		const char *file = "";
		unsigned line = 0;

		cr_expect(unit_declared(function, &file, &line) && line == 54, "%s: function at %u", forms[i],
			  line);
		cr_expect(unit_declared(datum, &file, &line) && line == 19, "%s: datum at %u", forms[i],
			  line);
		cr_expect_str_eq(file, "testdata/diff/explain.c");
		build_free(build);
	}
}

Test(explain_debug, layouts_are_compared_in_every_form)
{
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		struct build *build = build_pair("explain.c", forms[i]);
		struct arena *arena = arena_new();
		size_t count;
		struct type_change *changes =
			object_type_changes(build->old, build->new_object, arena, &count);

		cr_assert_eq(count, 1, "%s: %zu changes", forms[i], count);
		cr_expect_str_eq(changes[0].name, "struct settings");
		cr_expect_str_eq(changes[0].first, "second");
		cr_expect_eq(changes[0].first_old, 8);
		cr_expect_eq(changes[0].first_new, 12);
		cr_expect_eq(changes[0].old_size, 16);
		cr_expect_eq(changes[0].new_size, 16);
		cr_expect_str_eq(changes[0].added, "added");
		cr_expect_eq(changes[0].hole_at, 12, "the hole behind `second` takes it");
		cr_expect_str_eq(changes[0].variable, "settings");
		cr_expect(object_has_types(build->new_object));
		arena_free(arena);
		build_free(build);
	}
}

Test(explain_debug, fields_are_named)
{
	struct build *build = build_pair("explain.c", "");
	struct arena *arena = arena_new();

	cr_expect_str_eq(object_field(build->old, "settings", 8, arena), "second");
	cr_expect_str_eq(object_field(build->new_object, "settings", 8, arena), "added");
	cr_expect_str_eq(object_field(build->new_object, "limits", 8, arena), "[2]");
	cr_expect_null(object_field(build->new_object, "nobody", 8, arena));
	arena_free(arena);
	build_free(build);
}

Test(explain_debug, inlined_callee_is_found)
{
	struct build *build = build_pair("explain.c", "");
	const struct unit *unit = find_unit(build->new_object, "inlined");
	const char *names[4];
	bool found = false;

	for (uint64_t at = 0; at < unit->size; at++)
		found |= debug_inlined(build->new_object, unit->section, unit->offset + at, names, 4) == 1 &&
			 !strcmp(names[0], "clamp");
	cr_expect(found);
	cr_expect_eq(debug_inlined(build->new_object, unit->section, unit->offset, names, 0), 0);
	build_free(build);
}

Test(explain_debug, object_without_debug_information_knows_nothing)
{
	struct build *build = build_pair("explain.c", "-g0");
	const struct unit *unit = find_unit(build->new_object, "check");
	const char *file, *names[1];
	unsigned line;

	cr_expect_not(object_line(build->new_object, unit->section, unit->offset, &file, &line));
	cr_expect_not(unit_declared(unit, &file, &line));
	cr_expect_eq(debug_inlined(build->new_object, unit->section, unit->offset, names, 1), 0);
	cr_expect_not(object_has_types(build->new_object));
	cr_expect_null(object_compile_dir(build->new_object));
	build_free(build);
}

// Layouts that are elsewhere (.dwo) or left out must not read as "none changed".
Test(explain_debug, split_and_short_debug_information_has_no_types)
{
	static const char *const without[] = {"-g1", "-fdebug-types-section",
					      "-gdwarf-4 -fdebug-types-section"};

	for (size_t i = 0; i < ARRAY_SIZE(without); i++) {
		struct build *build = build_pair("explain.c", without[i]);

		cr_expect_not(object_has_types(build->new_object), "%s", without[i]);
		build_free(build);
	}
}

Test(explain_debug, cursor_stops_at_the_end)
{
	static const uint8_t bytes[] = {0x80, 0x80, 0x80};
	struct cursor cursor = cursor_at(bytes, sizeof(bytes), 0, false);

	cursor_uleb(&cursor);
	cr_expect(cursor.bad);
	cursor = cursor_at(bytes, sizeof(bytes), 1, true);
	cr_expect_eq(cursor_number(&cursor, 2), 0x8080);
	cr_expect_not(cursor.bad);
	cr_expect_eq(cursor_number(&cursor, 1), 0);
	cr_expect(cursor.bad);
	cursor = cursor_at(bytes, sizeof(bytes), 0, false);
	cr_expect_str_eq(cursor_text(&cursor), "");
	cr_expect(cursor.bad);
	cursor = cursor_at(bytes, sizeof(bytes), 0, false);
	cursor_skip(&cursor, UINT64_MAX);
	cr_expect(cursor.bad);
}

static const struct type_change *change_of(const struct type_change *changes, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(changes[i].name, name))
			return &changes[i];
	return NULL;
}

Test(explain_debug, layouts_without_a_name_and_inside_of_others_are_compared)
{
	struct build *build = build_pair("layouts.c", "");
	struct arena *arena = arena_new();
	size_t count;
	struct type_change *changes = object_type_changes(build->old, build->new_object, arena, &count);
	const struct type_change *change;

	cr_assert((change = change_of(changes, count, "unnamed_t")), "typedef of an unnamed structure");
	cr_expect_str_eq(change->first, "b");
	cr_assert((change = change_of(changes, count, "struct outer")), "unnamed structure within");
	cr_expect_str_eq(change->first, "inner.x");
	cr_assert((change = change_of(changes, count, "struct resized")), "array of another length");
	cr_expect_str_eq(change->first, "text");
	cr_assert((change = change_of(changes, count, "struct bits")), "bit field of another width");
	cr_expect_str_eq(change->first, "two");
	cr_assert((change = change_of(changes, count, "struct hole")),
		  "a new field in a hole: nothing wrote there");
	cr_expect(change->filled);
	cr_expect_eq(change->moved, 0);
	cr_expect_str_eq(change->added, "in_the_hole");
	cr_assert((change = change_of(changes, count, "struct more_bits")),
		  "a new bit in a byte that has room");
	cr_expect(change->filled);
	cr_expect_null(change_of(changes, count, "union wider"),
		       "another member of a union lies where others do");
	cr_expect_null(change_of(changes, count, "struct same"));
	cr_expect_null(change_of(changes, count, "struct renamed_type"));
	arena_free(arena);
	build_free(build);
}
