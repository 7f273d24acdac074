// SPDX-License-Identifier: GPL-3.0-or-later
// The reason given for each kind of change in testdata/diff/explain.c.
#include "tests/unit/test_diff.h"

static struct build *explained(const char *flags)
{
	struct build *build = build_pair("explain.c", flags);

	explain(build->old, build->new_object);
	return build;
}

// Has the unit a change of KIND with these values and a text that starts so?
static bool has_change(const struct unit *unit, enum change_kind kind, const char *old, const char *new_text,
		       const char *text)
{
	for (size_t i = 0; i < unit->change_count; i++) {
		const struct change *change = &unit->changes[i];

		if (change->kind == kind && !strcmp(change->old ? change->old : "", old) &&
		    !strcmp(change->new ? change->new : "", new_text) && change->text &&
		    !strncmp(change->text, text, strlen(text)))
			return true;
	}
	return false;
}

static char *all_changes(const struct unit *unit)
{
	char *text = xstrdup("");

	for (size_t i = 0; i < unit->change_count; i++) {
		const struct change *change = &unit->changes[i];
		char *longer = xasprintf("%s\n%d %s:%u '%s' -> '%s' %s", text, change->kind,
					 change->file ? change->file : "?", change->line,
					 change->old ? change->old : "", change->new ? change->new : "",
					 change->text ? change->text : "(no text)");

		free(text);
		text = longer;
	}
	return text;
}

#define GIVES(name, function, kind, old_text, new_text, text)                                                \
	Test(explain_reason, name)                                                                           \
	{                                                                                                    \
		struct build *build = explained("");                                                         \
		struct unit *unit = find_unit(build->new_object, function);                                  \
		char *all = all_changes(unit);                                                               \
		cr_expect(has_change(unit, kind, old_text, new_text, text), "%s: got%s", function, all);     \
		cr_expect(unit->change_count && unit->changes[0].line, "%s: no line:%s", function, all);     \
		free(all);                                                                                   \
		build_free(build);                                                                           \
	}

GIVES(immediate_gives_both_values, "immediate", CHANGE_IMMEDIATE, "3", "5", "immediate 3 → 5")
GIVES(displacement_of_lea_is_an_immediate, "displacement", CHANGE_IMMEDIATE, "17", "23", "immediate 17 → 23")
GIVES(string_gives_both_texts, "string", CHANGE_TARGET, "\"old \\\"text\\\"\\n\"", "\"new\"", "string \"old")
GIVES(new_call_names_callee, "call_added", CHANGE_TARGET, "", "audit", "new call of audit")
GIVES(lost_call_names_callee, "call_gone", CHANGE_TARGET, "audit", "", "no longer calls audit")
GIVES(exchanged_call_names_both, "call_exchanged", CHANGE_TARGET, "audit", "note", "call audit → note")
GIVES(inlined_callee_is_named, "inlined", CHANGE_IMMEDIATE, "701", "901",
      "immediate 701 → 901 (in inlined clamp)")
GIVES(moved_field_is_named, "field", CHANGE_TARGET, "settings+0x8", "settings+0xc", "settings.second moved")
GIVES(store_to_thread_local_gives_both_values, "local", CHANGE_IMMEDIATE, "1", "2", "immediate 1 → 2")
GIVES(changed_constant_gives_both_values, "limits", CHANGE_BYTES, "3", "30", "value of [2]: 3 → 30")
GIVES(changed_number_is_no_text, "ten", CHANGE_BYTES, "10", "11", "value: 10 → 11")
GIVES(changed_pointer_names_both, "handlers", CHANGE_TARGET, "", "audit", "pointer at +0x8: none → audit")
GIVES(new_function_says_so, "added", CHANGE_NEW, "", "15 bytes", "new")

Test(explain_reason, new_check_shows_comparison_and_branch)
{
	struct build *build = explained("");
	const struct unit *unit = find_unit(build->new_object, "check");
	const struct change *change = unit->changes;

	cr_assert(unit->change_count);
	cr_expect_str_eq(change->text, "new check: compares with 4242");
	cr_expect(change->new &&strstr(change->new, "cmp $4242,") && strstr(change->new, "; j"), "%s",
		  change->new);
	cr_expect_null(change->old);
	cr_expect_eq(change->line, 44);
	build_free(build);
}

Test(explain_reason, lost_check_is_told)
{
	struct build *build = explained("");
	const struct unit *unit = find_unit(build->new_object, "check_gone");

	cr_assert(unit->change_count);
	cr_expect_str_eq(unit->changes[0].text, "check removed: compares with 4242");
	build_free(build);
}

Test(explain_reason, removed_function_says_so)
{
	struct build *build = explained("");
	const struct unit *unit = find_unit(build->old, "removed");

	cr_assert_eq(unit->change_count, 1);
	cr_expect_eq(unit->changes[0].kind, CHANGE_REMOVED);
	cr_expect_str_eq(unit->changes[0].text, "removed");
	build_free(build);
}

Test(explain_reason, call_that_only_moved_is_no_new_call)
{
	struct build *build = explained("");
	const struct unit *unit = find_unit(build->new_object, "call_moved");

	cr_assert(unit->change_count);
	for (size_t i = 0; i < unit->change_count; i++)
		cr_expect_neq(unit->changes[i].kind, CHANGE_TARGET, "%s", unit->changes[i].text);
	build_free(build);
}

// In a function that changed otherwise too, __LINE__ is no reason.
Test(explain_reason, moved_line_number_is_no_reason)
{
	struct build *build = build_pair("line_and_more.c", "");

	explain(build->old, build->new_object);
	for (size_t u = 0; u < build->new_object->unit_count; u++) {
		const struct unit *unit = &build->new_object->units[u];

		for (size_t i = 0; i < unit->change_count; i++)
			cr_expect(unit->changes[i].kind != CHANGE_IMMEDIATE ||
					  strtol(unit->changes[i].new, NULL, 0) !=
						  (long)unit->changes[i].line,
				  "%s: %s", unit->name, unit->changes[i].text);
	}
	build_free(build);
}

Test(explain_reason, unchanged_function_has_no_reason)
{
	struct build *build = explained("");

	cr_expect_eq(find_unit(build->new_object, "pointer")->change_count, 0);
	build_free(build);
}

// Without -g the same facts, without a place.
Test(explain_reason, needs_no_debug_information)
{
	struct build *build = explained("-g0");
	const struct unit *unit = find_unit(build->new_object, "call_added");

	cr_assert(unit->change_count);
	cr_expect_str_eq(unit->changes[0].text, "new call of audit");
	cr_expect_null(unit->changes[0].file);
	cr_expect(has_change(find_unit(build->new_object, "immediate"), CHANGE_IMMEDIATE, "3", "5",
			     "immediate"));
	build_free(build);
}

// A function with a reason at every level of optimisation and every kind of code.
Test(explain_reason, every_changed_function_has_a_reason)
{
	static const char *const flags[] = {"-O0",
					    "-O1",
					    "-O3",
					    "-Os",
					    "-fPIC",
					    "-fPIC -fno-plt",
					    "-fno-pie",
					    "-mcmodel=large -fno-pie",
					    "-fcf-protection=full",
					    "-gdwarf-4"};

	for (size_t f = 0; f < ARRAY_SIZE(flags); f++) {
		struct build *build = explained(flags[f]);

		for (size_t i = 0; i < build->new_object->unit_count; i++) {
			const struct unit *unit = &build->new_object->units[i];

			if (unit->status != UNIT_CHANGED || unit->kind != UNIT_FUNCTION)
				continue;
			cr_expect(unit->change_count && unit->changes[0].text, "%s: %s has none", flags[f],
				  unit->name);
			cr_expect(unit->change_count && (unit->changes[0].old || unit->changes[0].new),
				  "%s: %s has no value", flags[f], unit->name);
		}
		build_free(build);
	}
}

Test(explain_reason, moved_field_is_refused_as_layout)
{
	struct build *build = build_pair("explain.c", "");
	const char *codes = build_refusals(build);

	cr_expect(strstr(codes, "data-layout"), "%s", codes);
	build_free(build);
}
