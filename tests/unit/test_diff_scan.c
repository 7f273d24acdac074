// SPDX-License-Identifier: GPL-3.0-or-later
// Trees, archives and single files: what is found, what is paired, what is said about the rest.
#include "tests/unit/test_diff.h"

#include <sys/stat.h>

static char *root;

static void make_root(void)
{
	root = make_directory();
}

static void remove_root(void)
{
	remove_directory(root);
}

TestSuite(scan, .init = make_root, .fini = remove_root);

static void compile(const char *side, const char *path, const char *source)
{
	run_command("mkdir -p $(dirname %s/%s) && %s " SECTIONS "-D%s -c -o %s/%s testdata/diff/%s", root,
		    path, compiler(), side, root, path, source);
}

static char *list(const struct input *inputs, size_t count)
{
	char *text = xstrdup("");

	for (size_t i = 0; i < count; i++) {
		char *longer = xasprintf("%s%s%s", text, i ? " " : "", inputs[i].path);

		free(text);
		text = longer;
	}
	return text;
}

static void expect_objects(const char *path, const char *expected, size_t findings)
{
	struct diags *diags = diags_new();
	struct interner *names = interner_new();
	char *full = path_join(root, path), *found;
	struct tree tree;

	cr_assert_eq(tree_scan(full, &tree, diags), 0);
	found = list(tree.objects.at, tree.objects.count);
	cr_expect_str_eq(found, expected);
	cr_expect_eq(diags_count(diags), findings, "%zu findings, first: %s", diags_count(diags),
		     diags_count(diags) ? diags_at(diags, 0)->message : "");
	for (size_t i = 0; i < tree.objects.count && !findings; i++) {
		struct object *object = tree_load(&tree, &tree.objects.at[i], names, diags);

		cr_expect_not_null(object, "%s cannot be loaded", tree.objects.at[i].path);
		object_free(object);
	}
	free(found);
	free(full);
	tree_free(&tree);
	interner_free(names);
	diags_free(diags);
}

Test(scan, objects_are_listed_by_path_and_other_files_are_not)
{
	compile("OLD", "t/b/two.o", "strings.c");
	compile("OLD", "t/a/one.o", "strings.c");
	run_command("cd %s/t && echo text > readme && touch a/empty && ln -s . loop && mkfifo pipe && ln -s "
		    "nowhere dangling",
		    root);
	expect_objects("t", "a/one.o b/two.o", 0);
}

Test(scan, archive_members_have_their_long_names)
{
	compile("OLD", "t/a_name_that_is_longer_than_sixteen_characters.o", "strings.c");
	compile("OLD", "t/short.o", "floats.c");
	run_command("cd %s/t && ar rcs libx.a *.o && rm *.o", root);
	expect_objects("t", "libx.a:a_name_that_is_longer_than_sixteen_characters.o libx.a:short.o", 0);
	expect_objects("t/libx.a", "libx.a:a_name_that_is_longer_than_sixteen_characters.o libx.a:short.o",
		       0);
}

Test(scan, members_of_one_name_are_told_apart)
{
	compile("OLD", "t/same.o", "strings.c");
	run_command("cd %s/t && ar qc libx.a same.o && ar q libx.a same.o && rm same.o", root);
	expect_objects("t", "libx.a:same.o libx.a:same.o(2)", 0);
}

Test(scan, thin_archive_repeats_nothing_of_its_tree)
{
	compile("OLD", "t/sub/one.o", "strings.c");
	compile("OLD", "outside/two.o", "strings.c");
	run_command("cd %s/t && ar rcsT libx.a sub/one.o ../outside/two.o", root);
	expect_objects("t", "libx.a:../outside/two.o sub/one.o", 0);
	expect_objects("t/libx.a", "libx.a:../outside/two.o libx.a:sub/one.o", 0);
}

Test(scan, broken_archive_is_a_finding_and_keeps_what_is_before)
{
	compile("OLD", "t/one.o", "strings.c");
	compile("OLD", "t/two.o", "strings.c");
	run_command("cd %s/t && ar rcs libx.a one.o two.o && rm *.o && truncate -s -100 libx.a", root);
	expect_objects("t", "libx.a:one.o", 1);
}

Test(scan, images_are_listed_apart)
{
	struct diags *diags = diags_new();
	struct tree tree;

	compile("OLD", "one.o", "one_function.c");
	run_command("cd %s && %s -shared -o libone.so one.o", root, compiler());
	cr_assert_eq(tree_scan(root, &tree, diags), 0);
	cr_expect_eq(tree.objects.count, 1);
	cr_assert_eq(tree.images.count, 1);
	cr_expect_str_eq(tree.images.at[0].path, "libone.so");
	tree_free(&tree);
	diags_free(diags);
}

Test(scan, missing_path_is_a_finding)
{
	struct diags *diags = diags_new();
	struct tree tree;

	cr_expect_eq(tree_scan("/nonexistent/tree", &tree, diags), -1);
	cr_expect_eq(diags_count(diags), 1);
	tree_free(&tree);
	diags_free(diags);
}

// ---- whole trees ---------------------------------------------------------------------------------

static struct diff *diff_of(const char *old, const char *new_path, unsigned jobs, struct diags *diags)
{
	struct diff_options options = {.jobs = jobs, .quiet = true};
	char *left = path_join(root, old), *right = path_join(root, new_path);
	struct diff *diff = diff_trees(left, right, &options, diags);

	free(left);
	free(right);
	return diff;
}

static void make_trees(void)
{
	compile("OLD", "old/same.o", "order.c");
	compile("OLD", "new/same.o", "order.c");
	compile("OLD", "old/renumbered.o", "static_swapped.c");
	compile("NEW", "new/renumbered.o", "static_swapped.c");
	compile("OLD", "old/sub/fixed.o", "one_function.c");
	compile("NEW", "new/sub/fixed.o", "one_function.c");
	compile("OLD", "old/gone.o", "callee.c");
	compile("NEW", "new/added.o", "callee.c");
	run_command("echo garbage > %s/old/broken.o; echo rubbish > %s/new/broken.o", root, root);
}

Test(scan, tree_against_itself_has_no_difference)
{
	struct diags *diags = diags_new();
	struct diff *diff;

	make_trees();
	diff = diff_of("old", "old", 0, diags);
	cr_assert_not_null(diff);
	cr_expect_eq(diff->differing + diff->added + diff->removed, 0);
	cr_expect_eq(diff->compared, diff->pair_count);
	cr_expect_eq(diags_count(diags), 0, "equal garbage is no difference");
	diff_free(diff);
	diags_free(diags);
}

Test(scan, pairs_have_one_status_each_whatever_the_number_of_threads)
{
	static const struct {
		const char *path;
		int status;
	} expected[] = {{"added.o", PAIR_NEW},    {"broken.o", PAIR_FAILED},
			{"gone.o", PAIR_REMOVED}, {"renumbered.o", PAIR_SAME},
			{"same.o", PAIR_SAME},    {"sub/fixed.o", PAIR_CHANGED}};

	make_trees();
	for (unsigned jobs = 1; jobs < 4; jobs++) {
		struct diags *diags = diags_new();
		struct diff *diff = diff_of("old", "new", jobs, diags);

		cr_assert_not_null(diff);
		cr_assert_eq(diff->pair_count, ARRAY_SIZE(expected));
		for (size_t i = 0; i < diff->pair_count; i++) {
			cr_expect_str_eq(diff->pairs[i].path, expected[i].path);
			cr_expect_eq((int)diff->pairs[i].status, expected[i].status, "%s", expected[i].path);
		}
		cr_expect_eq(diags_count(diags), 1, "the broken object is named, once for both sides");
		cr_expect(diags_has(diags, DIAG_ERROR));
		diff_free(diff);
		diags_free(diags);
	}
}

Test(scan, two_single_objects_are_a_pair_whatever_their_names)
{
	struct diags *diags = diags_new();
	struct diff *diff;

	compile("OLD", "before.o", "one_function.c");
	compile("NEW", "after.o", "one_function.c");
	diff = diff_of("before.o", "after.o", 1, diags);
	cr_assert_not_null(diff);
	cr_assert_eq(diff->pair_count, 1);
	cr_expect_eq(diff->pairs[0].status, PAIR_CHANGED);
	diff_free(diff);
	diags_free(diags);
}

Test(scan, two_archives_pair_their_members)
{
	struct diags *diags = diags_new();
	struct diff *diff;

	compile("OLD", "o/one.o", "one_function.c");
	compile("NEW", "n/one.o", "one_function.c");
	run_command("cd %s && ar rcs libold.a o/one.o && ar rcs libnew.a n/one.o", root);
	diff = diff_of("libold.a", "libnew.a", 1, diags);
	cr_assert_not_null(diff);
	cr_assert_eq(diff->pair_count, 1);
	cr_expect_eq(diff->pairs[0].status, PAIR_CHANGED);
	diff_free(diff);
	diags_free(diags);
}

Test(scan, tree_without_objects_is_a_finding)
{
	struct diags *diags = diags_new();

	compile("OLD", "full/one.o", "one_function.c");
	run_command("mkdir %s/empty", root);
	cr_expect_null(diff_of("full", "empty", 1, diags));
	cr_expect_null(diff_of("empty", "full", 1, diags));
	cr_expect(diags_has(diags, DIAG_ERROR));
	diags_free(diags);
}

// ---- what one object's change does to others -----------------------------------------------------

static const char *only_code(const char *users, const char *old, const char *new_source)
{
	static char code[64];
	struct diags *diags = diags_new();
	struct diff *diff;

	run_command("mkdir -p %s/old %s/new", root, root);
	for (int side = 0; side < 2; side++) {
		const char *name = side ? "new" : "old";

		run_command("echo '%s' | %s " SECTIONS "-x c -c -o %s/%s/user.o -", users, compiler(), root,
			    name);
		run_command("echo '%s' | %s " SECTIONS "-x c -c -o %s/%s/owner.o -", side ? new_source : old,
			    compiler(), root, name);
	}
	diff = diff_of("old", "new", 1, diags);
	snprintf(code, sizeof(code), "%s", diags_count(diags) ? diags_at(diags, 0)->code : "");
	diff_free(diff);
	diags_free(diags);
	return code;
}

Test(scan, removed_function_that_another_object_uses_is_refused)
{
	cr_expect_str_eq(only_code("int gone(int); int use(int x) { return gone(x); }",
				   "int gone(int x) { return x + 1; } int stays(void) { return 1; }",
				   "int stays(void) { return 1; }"),
			 "removed-still-used");
}

Test(scan, removed_function_that_nobody_uses_is_not_refused)
{
	cr_expect_str_eq(only_code("int use(int x) { return x; }",
				   "int gone(int x) { return x + 1; } int stays(void) { return 1; }",
				   "int stays(void) { return 1; }"),
			 "");
}

Test(scan, changed_constant_that_another_object_reads_is_no_refusal)
{
	cr_expect_str_eq(only_code("extern const int limit; int use(int x) { return x < limit; }",
				   "const int limit = 5;", "const int limit = 6;"),
			 "");
}

Test(scan, changed_constant_that_data_of_another_object_holds_is_refused)
{
	cr_expect_str_eq(only_code("extern const int limit; const int *held = &limit;",
				   "const int limit = 5;", "const int limit = 6;"),
			 "data-changed");
}
