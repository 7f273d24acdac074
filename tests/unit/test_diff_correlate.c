// SPDX-License-Identifier: GPL-3.0-or-later
// Which units are the same one on both sides.
#include "tests/unit/test_diff.h"

PROVES(correlate, static_local_renumbered_is_unchanged, "static_locals.c", "", "+ added\n+ n.2\n")
PROVES(correlate, static_locals_of_reordered_functions_are_unchanged, "static_swapped.c", "", "")
PROVES(correlate, static_local_of_a_changed_function_is_kept, "static_changed_owner.c", "",
       "+ added\n+ n.1\n~ owner\n")
PROVES(correlate, static_of_another_owner_is_another_variable, "static_other_owner.c", "",
       "~ gains\n~ loses\n+ n.0\n- n.0\n")
PROVES(correlate, clones_with_exchanged_numbers_are_unchanged, "clones_renumbered.c", "-fipa-cp-clone", "")
PROVES(correlate, clones_of_another_function_change_nothing, "clones.c", "-fno-inline",
       "+ other.constprop.0\n+ use_other\n")
PROVES(correlate, reordered_functions_and_data_are_unchanged, "order.c", "", "")
PROVES(correlate, reordered_functions_in_one_section_are_unchanged, "order.c",
       "-fno-function-sections -fno-data-sections", "")
PROVES(correlate, renamed_static_function_is_gone_and_new, "renamed.c", "", "+ after\n- before\n~ caller\n")

Test(correlate, swapped_statics_follow_their_function)
{
	struct build *build = build_pair("static_swapped.c", "");
	struct unit *first = find_unit(build->old, "first"), *second = find_unit(build->old, "second");

	for (size_t i = 0; i < build->old->unit_count; i++) {
		const struct unit *unit = &build->old->units[i];

		if (strncmp(unit->name, "n.", 2))
			continue;
		cr_assert_not_null(unit->match);
		cr_expect_str_neq(unit->match->name, unit->name, "the numbers were expected to be exchanged");
	}
	cr_expect_eq(first->match, find_unit(build->new_object, "first"));
	cr_expect_eq(second->match, find_unit(build->new_object, "second"));
	build_free(build);
}

Test(correlate, ambiguous_statics_are_not_guessed)
{
	struct build *build = build_pair("static_ambiguous.c", "");
	size_t matched = 0;

	for (size_t i = 0; i < build->old->unit_count; i++)
		matched += !strncmp(build->old->units[i].name, "n.", 2) && build->old->units[i].match;
	cr_expect_eq(matched, 0);
	build_free(build);
}

Test(correlate, aliases_are_one_unit)
{
	struct build *build = build_pair("aliases.c", "");
	struct unit *unit = find_unit(build->new_object, "other_name");

	cr_expect_str_eq(unit->name, "main_name");
	cr_expect_eq(unit->symbol_count, 3);
	cr_expect_str_eq(build->result, "~ main_name\n");
	build_free(build);
}

// GCC lays the initial value of a large array on the stack into .data without a name: no state, and not lost.
Test(correlate, unnamed_initial_value_of_a_changed_function_is_the_same)
{
	struct build *build = build_pair("unnamed.c", "-fPIE");
	size_t unnamed = 0;

	for (size_t i = 0; i < build->old->unit_count; i++) {
		const struct unit *unit = &build->old->units[i];

		if (unit->kind != UNIT_ANONYMOUS || !unit_is_writable(unit))
			continue;
		unnamed++;
		cr_expect(unit->match && unit->match->size == unit->size);
	}
	cr_expect_eq(unnamed, 1);
	cr_expect_str_eq(build->result, "~ function\n", "%s", build->result);
	build_free(build);
}

// Locals of the same names in one object, in another order on each side: their files tell them apart.
Test(correlate, partially_linked_objects_keep_their_locals_apart)
{
	struct build *build = build_pair("partial_a.c", "");
	struct object *old, *new_object;
	char *result;

	for (int side = 0; side < 2; side++)
		for (const char *half = "ab"; *half; half++)
			run_command("%s " SECTIONS "-D%s -c -o %s/%d%c.o testdata/diff/partial_%c.c",
				    compiler(), side ? "NEW" : "OLD", build->directory, side, *half, *half);
	run_command("cd %s && ld -r -o whole0.o 0a.o 0b.o && ld -r -o whole1.o 1b.o 1a.o", build->directory);
	char *path0 = path_join(build->directory, "whole0.o"),
	     *path1 = path_join(build->directory, "whole1.o");
	old = load_file(path0, build->names, build->diags);
	new_object = load_file(path1, build->names, build->diags);
	cr_assert(old && new_object);
	correlate(old, new_object);
	compare(old, new_object);
	result = describe(old, new_object);
	cr_expect_str_eq(result, "~ helper\n", "%s", result);
	free(result);
	object_free(old);
	object_free(new_object);
	free(path0);
	free(path1);
	build_free(build);
}
