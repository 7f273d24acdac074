// SPDX-License-Identifier: GPL-3.0-or-later
// What is a change, and what only looks like one.
#include "tests/unit/test_diff.h"

PROVES(compare, only_the_fixed_function_is_named, "one_function.c", "", "~ fixed\n")
PROVES(compare, only_the_fixed_function_is_named_without_sections, "one_function.c",
       "-fno-function-sections -fno-data-sections", "~ fixed\n")
PROVES(compare, distance_to_a_moved_neighbour_is_no_change, "clones.c",
       "-fno-function-sections -fno-data-sections -fno-inline", "+ other.constprop.0\n+ use_other\n")
PROVES(compare, neighbour_at_the_same_distance_may_be_another, "renamed.c",
       "-fno-function-sections -fno-data-sections", "+ after\n- before\n~ caller\n")
PROVES(compare, moved_string_is_no_change, "strings.c", "", "+ added\n~ changed\n")
PROVES(compare, moved_string_is_no_change_in_position_independent_code, "strings.c", "-fPIC",
       "+ added\n~ changed\n")
PROVES(compare, moved_string_is_no_change_in_absolute_code, "strings.c", "-fno-pie -mcmodel=small",
       "+ added\n~ changed\n")
PROVES(compare, exchanged_strings_are_a_change, "string_target.c", "", "~ speak\n")
PROVES(compare, moved_constant_is_no_change, "floats.c", "", "+ added\n~ changed\n")
PROVES(compare, jump_table_counts_by_its_targets, "jump_table.c",
       "-fno-ipa-icf -fno-gcse -fno-reorder-blocks", "~ changed\n")
PROVES(compare, switch_table_counts_by_its_values, "switch_table.c", "", "+ added\n~ changed\n")
PROVES(compare, renumbered_function_name_is_no_change, "function_name.c", "", "+ added\n")
PROVES(compare, changed_cold_part_changes_its_function, "cold_part.c", "", "~ changed\n")
PROVES(compare, other_callee_is_a_change, "callee.c", "", "~ caller\n")
PROVES(compare, other_callee_is_a_change_through_the_slot, "callee.c", "-fPIC -fno-plt", "~ caller\n")
PROVES(compare, other_member_is_a_change, "member.c", "", "~ reader\n")
PROVES(compare, changed_constant_changes_its_readers, "constant_datum.c", "",
       "~ indirect\n~ reader\n~ table\n~ tables\n")
PROVES(compare, changed_string_in_a_table_changes_its_reader, "pointer_strings.c", "", "~ name_of\n~ names\n")
PROVES(compare, exchanged_functions_in_a_table_are_a_change, "function_table.c", "", "~ operations\n~ run\n")
PROVES(compare, changed_live_data_is_named_alone, "live_data.c", "", "~ limit\n")
PROVES(compare, caught_type_is_part_of_the_function, "catch_type.cc", "",
       "~ _Z7guardedi\n- _ZTI5first\n+ _ZTI6second\n- _ZTS5first\n+ _ZTS6second\n")
PROVES(compare, moved_line_is_no_change, "lines.c", "", "+ added\n~ fixed\n= moved\n")
PROVES(compare, moved_line_of_an_inlined_call_is_no_change, "lines_inlined.c", "", "= caller\n")
PROVES(compare, moved_line_is_a_change_without_line_tables, "lines.c", "-g0", "+ added\n~ fixed\n~ moved\n")
PROVES(compare, moved_line_beside_another_change_is_a_change, "line_and_more.c", "", "~ both\n")
PROVES(compare, moved_line_in_a_string_or_a_name_is_no_change, "line_string.c", "", "~ fixed\n= moved\n")
PROVES(compare, moved_line_in_a_string_is_a_change_without_line_tables, "line_string.c", "-g0",
       "~ fixed\n~ moved\n")
PROVES(compare, renumbered_static_that_nobody_refers_to_is_no_change, "unreferred_static.c", "", "")
PROVES(compare, constants_of_one_name_count_by_their_contents, "constants_of_one_name.c", "",
       "~ check\n+ message.2\n")
PROVES(compare, immediate_behind_the_address_is_accounted_for, "immediate_tail.c", "-fno-data-sections",
       "+ padding_before\n")

Test(compare, line_tables_on_one_side_are_not_enough)
{
	struct build *build = build_sides("lines.c", SECTIONS "-g0", SECTIONS);

	cr_expect_str_eq(build->result, "+ added\n~ fixed\n~ moved\n", "%s", build->result);
	build_free(build);
}

Test(compare, suppressed_lines_are_kept_with_both_values)
{
	struct build *build = build_pair("lines.c", "");
	const struct unit *unit = find_unit(build->new_object, "moved");

	cr_assert(unit->line_only && unit->change_count == 2);
	cr_expect_eq(unit->status, UNIT_SAME);
	for (size_t i = 0; i < 2; i++) {
		cr_expect_eq(unit->changes[i].kind, CHANGE_IMMEDIATE);
		cr_expect_eq(unit->changes[i].line,
			     unit->changes[i].old_line + 78); // the #line of the source
	}
	build_free(build);
}

Test(compare, build_directory_is_no_change)
{
	struct build *build = build_pair("path.c", "");
	char *copy = xasprintf("%s/elsewhere", build->directory);
	char *object = xasprintf("%s/other.o", build->directory),
	     *full = xasprintf("%s/full.o", build->directory);
	struct object *old, *new_object;
	char *result;

	run_command("mkdir %s && cp testdata/diff/path.c %s", copy, copy);
	run_command("%s " SECTIONS "-c -o %s \"$PWD\"/testdata/diff/path.c", compiler(), full);
	run_command("mkdir -p %s/testdata/diff && cp testdata/diff/path.c %s/testdata/diff && cd %s && "
		    "%s " SECTIONS "-c -o %s %s/testdata/diff/path.c",
		    copy, copy, copy, compiler(), object, copy);
	old = load_file(full, build->names, build->diags);
	new_object = load_file(object, build->names, build->diags);
	correlate(old, new_object);
	compare(old, new_object);
	result = describe(old, new_object);
	cr_expect_str_eq(result, "", "%s", result);
	free(result);
	object_free(old);
	object_free(new_object);
	free(copy);
	free(object);
	free(full);
	build_free(build);
}

PROVES(special, entries_belong_to_the_function_they_point_into, "special.c", "",
       "+ added\n= moved\n~ other_key\n~ other_number\n")
PROVES(special, entries_belong_to_the_function_they_point_into_without_sections, "special.c",
       "-fno-function-sections -fno-data-sections", "+ added\n= moved\n~ other_key\n~ other_number\n")
PROVES(special, entries_are_compared_in_full_without_line_tables, "special.c", "-g0",
       "+ added\n~ moved\n~ other_key\n~ other_number\n")
