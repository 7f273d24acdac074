// SPDX-License-Identifier: GPL-3.0-or-later
// Two images may differ only where the objects do.
#include "tests/unit/test_match.h"

#include <sys/stat.h>

struct trees {
	char *directory;
	struct diags *diags;
	size_t missing;
	char *names; // of what is missing, each followed by a space
};

// Builds SOURCE (a C text per side) and common.c into old/prog and new/prog, as FLAGS say; HIDE: objects that are
// not left in the trees.
static struct trees *build_trees(const char *flags, const char *hide)
{
	struct trees *trees = xalloc(sizeof(*trees));
	const char *parent = getenv("TMPDIR");

	*trees = (struct trees){.diags = diags_new(), .names = xstrdup("")};
	trees->directory = xasprintf("%s/missing-XXXXXX", parent ? parent : "/tmp");
	cr_assert_not_null(mkdtemp(trees->directory));
	for (int side = 0; side < 2; side++) {
		const char *name = side ? "new" : "old";

		run_command("mkdir %s/%s && for f in changing steady; do %s -O2 -g -ffunction-sections "
			    "-fdata-sections "
			    "%s %s -c -o %s/%s/$f.o testdata/match/$f.c || exit 1; done && cd %s/%s && "
			    "%s -Wl,--build-id %s -o prog steady.o changing.o && rm -f %s",
			    trees->directory, name, default_compiler(), flags, side ? "-DNEW" : "-DOLD",
			    trees->directory, name, trees->directory, name, default_compiler(),
			    strstr(flags, "-fno-pie") ? "-no-pie" : "-pie", hide);
	}
	return trees;
}

static void check(struct trees *trees)
{
	char *old = path_join(trees->directory, "old"), *new_tree = path_join(trees->directory, "new");
	char *old_image = path_join(old, "prog"), *new_image = path_join(new_tree, "prog");
	struct diff_options options = {.quiet = true};
	struct diags *ignored = diags_new();
	struct diff *diff = diff_trees(old, new_tree, &options, ignored);
	struct image *one = image_open(old_image, "prog", trees->diags);
	struct image *other = image_open(new_image, "prog", trees->diags);

	cr_assert(diff && one && other);
	trees->missing = check_missing(one, other, diff, trees->diags);
	diags_sort(trees->diags);
	for (size_t i = 0; i < diags_count(trees->diags); i++) {
		const struct diag *diag = diags_at(trees->diags, i);
		char *longer = xasprintf("%s%s ", trees->names, diag->symbol ? diag->symbol : diag->message);

		cr_expect_str_eq(diag->code, "object-missing");
		free(trees->names);
		trees->names = longer;
	}
	image_close(one);
	image_close(other);
	diff_free(diff);
	diags_free(ignored);
	free(old_image);
	free(new_image);
	free(old);
	free(new_tree);
}

static void trees_free(struct trees *trees)
{
	run_command("rm -rf '%s'", trees->directory);
	diags_free(trees->diags);
	free(trees->names);
	free(trees->directory);
	free(trees);
}

static void expect_missing(const char *flags, const char *hide, const char *names)
{
	struct trees *trees = build_trees(flags, hide);

	check(trees);
	cr_expect_str_eq(trees->names, names, "%s, without %s: %s", flags, hide, trees->names);
	trees_free(trees);
}

Test(missing, differences_of_objects_account_for_those_of_images)
{
	expect_missing("-fPIE", "nothing", "");
}

Test(missing, differences_of_objects_account_for_those_of_images_at_a_fixed_address)
{
	expect_missing("-fno-pie", "nothing", "");
}

Test(missing, function_that_no_object_explains_is_named)
{
	expect_missing("-fPIE", "changing.o", "added counted fixed limits ");
}

Test(missing, function_that_no_object_explains_is_named_at_a_fixed_address)
{
	expect_missing("-fno-pie", "changing.o", "added counted fixed limits ");
}

Test(missing, unchanged_object_may_be_missing)
{
	expect_missing("-fPIE", "steady.o", "");
}

Test(missing, stripped_images_cannot_be_compared)
{
	struct trees *trees = build_trees("-fPIE", "nothing");

	run_command("cd %s && strip old/prog new/prog", trees->directory);
	check(trees);
	cr_expect_eq(trees->missing, 1);
	cr_expect(strstr(trees->names, "without symbols"), "%s", trees->names);
	trees_free(trees);
}

Test(missing, equal_images_need_no_look)
{
	struct trees *trees = build_trees("-fPIE", "changing.o");

	run_command("cd %s && cp old/prog new/prog", trees->directory);
	check(trees);
	cr_expect_eq(trees->missing, 0);
	trees_free(trees);
}
