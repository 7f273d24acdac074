// SPDX-License-Identifier: GPL-3.0-or-later
// All of hp-diff, in each of its forms: an input is the object or archive of one tree, and the other tree holds the undamaged
// one that is most like it, of the other version of its source. Then they change sides.
#include "tests/fuzz/driver.h"
#include "util/util.h"

#include <dirent.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int hp_diff_main(int argc, char **argv); // main() of tools/hp-diff.c; see tests.mk

enum { PARTNERS_MAX = 256, PATH_SIZE = 512 };

const char *fuzz_seeds;
static const char *directory;
static char seeds[64];
static struct {
	struct file self, partner;
} pairs[PARTNERS_MAX];
static size_t pair_count;

static void map_both(const char *name)
{
	char path[PATH_SIZE];

	if (*name == '.' || pair_count == PARTNERS_MAX)
		return;
	snprintf(path, sizeof(path), "%s/seeds/%s", directory, name);
	if (file_map(path, &pairs[pair_count].self))
		return;
	snprintf(path, sizeof(path), "%s/partners/%s", directory, name);
	pair_count += !file_map(path, &pairs[pair_count].partner);
}

__attribute__((constructor)) static void prepare(void)
{
	struct dirent **names = NULL;
	int count;

	directory = fuzz_make_seeds(
		"mkdir -p $D/seeds $D/partners $D/old $D/new; tests/fuzz/objects.sh $D/partners OLD "
		"2>/dev/null; tests/fuzz/objects.sh $D/seeds NEW 2>/dev/null");
	if (!directory)
		return;
	snprintf(seeds, sizeof(seeds), "%s/seeds", directory);
	fuzz_seeds = seeds;
	count = scandir(seeds, &names, NULL, alphasort);
	for (int i = 0; i < count; i++) {
		map_both(names[i]->d_name);
		free(names[i]);
	}
	free(names);
}

static size_t words_alike(const struct file *file, const uint8_t *data, size_t size)
{
	size_t alike = 0;

	for (size_t at = 0; at + 8 <= size && at + 8 <= file->size; at += 8)
		alike += !memcmp(file->data + at, data + at, 8);
	return alike;
}

static const struct file *partner_of(const uint8_t *data, size_t size)
{
	size_t best = 0, most = 0;

	for (size_t i = 0; i < pair_count; i++) {
		size_t alike = words_alike(&pairs[i].self, data, size);

		if (alike > most) {
			most = alike;
			best = i;
		}
	}
	return &pairs[best].partner;
}

// An archive has another name, by which a tree's files are found.
static const char *name_of(const uint8_t *data, size_t size)
{
	return size > 2 && !memcmp(data, "!<", 2) ? "x.a" : "x.o";
}

static void write_object(const char *side, const uint8_t *data, size_t size)
{
	char path[PATH_SIZE];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s/%s", directory, side, name_of(data, size));
	file = fopen(path, "wb");
	if (!file || fwrite(data, 1, size, file) != size || fclose(file))
		abort();
}

static void remove_object(const char *side, const uint8_t *data, size_t size)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "%s/%s/%s", directory, side, name_of(data, size));
	if (remove(path))
		abort();
}

// 2 is the right answer to what cannot be read, and nothing else than 0, 1 and 2 is one to anything.
static void run(const char *form, const char *before, const char *after)
{
	char paths[2][PATH_SIZE], program[] = "hp-diff", quiet[] = "-q", jobs[] = "-j1",
				  *shape = strdup(form);
	char *line[] = {program, quiet, jobs, paths[0], paths[1], *form ? shape : NULL, NULL};
	int status;

	snprintf(paths[0], sizeof(paths[0]), "%s/%s", directory, before);
	snprintf(paths[1], sizeof(paths[1]), "%s/%s", directory, after);
	optind = 0;
	status = hp_diff_main(*form ? 6 : 5, line);
	if (status < 0 || status > 2)
		abort();
	free(shape);
}

// stdout is the driver's, and file 2 what a sanitizer writes to: what hp-diff says goes nowhere.
static void run_silently(const char *form)
{
	FILE *nowhere = fopen("/dev/null", "w"), *kept_stdout = stdout, *kept_stderr = stderr;

	if (!nowhere)
		abort();
	stdout = stderr = nowhere;
	run(form, "old", "new");
	run(form, "new", "old");
	stdout = kept_stdout;
	stderr = kept_stderr;
	fclose(nowhere);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char html[PATH_SIZE];
	const char *const forms[] = {"", "--patch", "--json", html, "--stat", "--color=always"};
	const struct file *partner;

	if (!pair_count)
		return 0;
	partner = partner_of(data, size);
	snprintf(html, sizeof(html), "--html=%s/page.html", directory);
	write_object("old", partner->data, partner->size);
	write_object("new", data, size);
	run_silently(forms[size ? data[size / 2] % ARRAY_SIZE(forms) : 0]);
	remove_object("old", partner->data, partner->size);
	remove_object("new", data, size);
	return 0;
}
