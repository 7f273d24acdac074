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
static struct trees *build_trees(const char *flags, const char *link_flags, const char *hide)
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
			    trees->directory, name, trees->directory, name, default_compiler(), link_flags,
			    hide);
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

static void expect_missing(const char *flags, const char *link_flags, const char *hide, const char *names)
{
	struct trees *trees = build_trees(flags, link_flags, hide);

	check(trees);
	cr_expect_str_eq(trees->names, names, "%s %s, without %s: %s", flags, link_flags, hide, trees->names);
	trees_free(trees);
}

// `untouched` is named too: that its static is only numbered anew is known from the objects alone.
#define WITHOUT_OBJECT "added counted fixed limits table untouched "

// Each form moves code and data about in its own way; what moved is no difference.
static const char *const forms[][2] = {
	{"-fPIE", "-pie"},
	{"-fPIE -O0", "-pie"},
	{"-fPIE -fno-function-sections -fno-data-sections", "-pie"},
	{"-fPIE -fno-plt", "-pie -Wl,-z,now"},
	{"-fPIE -fcf-protection=full", "-pie -Wl,-z,ibt -Wl,-z,lazy"},
	{"-fno-pie", "-no-pie"},
	{"-fno-pie -fno-plt", "-no-pie -Wl,--no-relax"},
	{"-fno-pie", "-static"},
	{"-fPIE", "-static-pie"},
	{"-fPIC", "-shared"},
	{"-fPIC -fno-plt", "-shared -Wl,-z,now"},
};

Test(missing, differences_of_objects_account_for_those_of_images)
{
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
		expect_missing(forms[i][0], forms[i][1], "nothing", "");
}

Test(missing, functions_that_no_object_explains_are_named)
{
	for (size_t i = 0; i < ARRAY_SIZE(forms); i += 4)
		expect_missing(forms[i][0], forms[i][1], "changing.o", WITHOUT_OBJECT);
}

Test(missing, differences_are_seen_through_by_other_linkers_and_compilers)
{
	if (have_command("ld.lld")) {
		expect_missing("-fPIE", "-pie -fuse-ld=lld", "nothing", "");
		expect_missing("-fPIE", "-pie -fuse-ld=lld", "changing.o", WITHOUT_OBJECT);
	}
	if (have_command("clang")) {
		setenv("CC", "clang", 1);
		expect_missing("-fPIE", "-pie", "nothing", "");
		expect_missing("-fno-pie", "-no-pie", "nothing", "");
		expect_missing("-fPIC -DLIBRARY", "-shared", "nothing", "");
		unsetenv("CC");
	}
	if (have_command("ld.gold"))
		expect_missing("-fPIE", "-pie -fuse-ld=gold", "nothing", "");
}

Test(missing, what_matching_proves_in_both_images_is_no_difference)
{
	expect_missing("-fPIE -DNAMELESS", "-pie", "nothing", "");
	expect_missing("-fPIE -DNAMELESS", "-pie", "changing.o",
		       "added counted fixed limits nameless table untouched ");
}

Test(missing, unchanged_object_may_be_missing)
{
	expect_missing("-fPIE", "-pie", "steady.o", "");
}

Test(missing, stripped_images_cannot_be_compared)
{
	struct trees *trees = build_trees("-fPIE", "-pie", "nothing");

	run_command("cd %s && strip old/prog new/prog", trees->directory);
	check(trees);
	cr_expect_eq(trees->missing, 1);
	cr_expect(strstr(trees->names, "without symbols"), "%s", trees->names);
	trees_free(trees);
}

Test(missing, equal_images_need_no_look)
{
	struct trees *trees = build_trees("-fPIE", "-pie", "changing.o");

	run_command("cd %s && cp old/prog new/prog", trees->directory);
	check(trees);
	cr_expect_eq(trees->missing, 0);
	trees_free(trees);
}
