// SPDX-License-Identifier: GPL-3.0-or-later
// hp-diff: shows what differs in meaning between two builds of a program, and why.
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/common.h"
#include "tools/hp-diff.h"

#define PROGRAM "hp-diff"

// --json holds what differs up to here; two trees with more changed objects than that are read a second time.
#define KEEP_BYTES (32u << 20)

enum status { STATUS_SAME = 0, STATUS_DIFFERENT = 1, STATUS_TROUBLE = 2 };

static const char help[] =
	"Usage: hp-diff [--stat|--patch|--json|--html=FILE] [--color=WHEN] [-q] [-j N] OLD NEW | KB.hp\n"
	"Show what differs in meaning between two builds of a program, and why.\n"
	"\n"
	"OLD and NEW are two directories, two objects, two archives or two images.\n"
	"\n"
	"      --stat         one line per object\n"
	"      --patch        the instructions that differ\n"
	"      --json         everything, as one JSON document (hp-diff.schema.json)\n"
	"      --html=FILE    a page for people: the listing and the instructions\n"
	"      --color=WHEN   auto (default), always or never\n"
	"  -q, --quiet        no progress\n"
	"  -j, --jobs=N       compare N objects at a time; default: one per core\n"
	"      --help         show this text\n"
	"      --version      show the version\n"
	"\n"
	"Exit status: 0 no differences, 1 differences, 2 bad usage or something could\n"
	"not be compared (the rest is still reported).\n";

struct arguments {
	enum form form;
	enum color_mode color;
	struct diff_options options;
	const char *old, *new_path, *package, *html;
};

enum { OPTION_STAT = 256, OPTION_PATCH, OPTION_JSON, OPTION_HTML, OPTION_COLOR, OPTION_HELP, OPTION_VERSION };

static const struct option options[] = {
	{"stat", no_argument, NULL, OPTION_STAT},         {"patch", no_argument, NULL, OPTION_PATCH},
	{"json", no_argument, NULL, OPTION_JSON},         {"html", required_argument, NULL, OPTION_HTML},
	{"color", required_argument, NULL, OPTION_COLOR}, {"quiet", no_argument, NULL, 'q'},
	{"jobs", required_argument, NULL, 'j'},           {"help", no_argument, NULL, OPTION_HELP},
	{"version", no_argument, NULL, OPTION_VERSION},   {0},
};

// The rest of the line behind the options. -1 to go on, else the status to exit with.
static int parse_paths(struct arguments *arguments, int count, char **paths)
{
	if (count == 1 && (arguments->form == FORM_PATCH || arguments->form == FORM_HTML))
		return usage_error(PROGRAM, STATUS_TROUBLE,
				   "--patch and --html need OLD and NEW: a package holds no old code");
	if (count == 1) {
		arguments->package = paths[0];
		return -1;
	}
	if (count != 2)
		return usage_error(PROGRAM, STATUS_TROUBLE, "OLD and NEW are needed, %d arguments are given",
				   count);
	arguments->old = paths[0];
	arguments->new_path = paths[1];
	return -1;
}

static int parse_arguments(int argc, char **argv, struct arguments *arguments)
{
	int option;

	while ((option = getopt_long(argc, argv, "qj:", options, NULL)) != -1) {
		enum form form = option == OPTION_STAT    ? FORM_STAT
				 : option == OPTION_PATCH ? FORM_PATCH
				 : option == OPTION_HTML  ? FORM_HTML
							  : FORM_JSON;

		switch (option) {
		case OPTION_STAT:
		case OPTION_PATCH:
		case OPTION_JSON:
		case OPTION_HTML:
			if (arguments->form != FORM_LIST && arguments->form != form)
				return usage_error(
					PROGRAM, STATUS_TROUBLE,
					"only one of --stat, --patch, --json and --html can be given");
			arguments->form = form;
			arguments->html = form == FORM_HTML ? optarg : NULL;
			break;
		case OPTION_COLOR:
			if (!parse_color(optarg, &arguments->color))
				return usage_error(PROGRAM, STATUS_TROUBLE,
						   "--color=%s: must be auto, always or never", optarg);
			break;
		case 'q':
			arguments->options.quiet = true;
			break;
		case 'j':
			if (!parse_number(optarg, 1024, &arguments->options.jobs))
				return usage_error(PROGRAM, STATUS_TROUBLE,
						   "-j %s: must be a number from 1 to 1024", optarg);
			break;
		case OPTION_HELP:
			fputs(help, stdout);
			return finish_output(PROGRAM) ? STATUS_SAME : STATUS_TROUBLE;
		case OPTION_VERSION:
			print_version(PROGRAM);
			return finish_output(PROGRAM) ? STATUS_SAME : STATUS_TROUBLE;
		default:
			fprintf(stderr, "Try '%s --help'.\n", PROGRAM);
			return STATUS_TROUBLE;
		}
	}
	arguments->options.explain = arguments->form != FORM_STAT;
	arguments->options.keep_bytes = arguments->form == FORM_JSON ? KEEP_BYTES : 0;
	return parse_paths(arguments, argc - optind, argv + optind);
}

enum kind { KIND_DIRECTORY, KIND_OBJECT, KIND_ARCHIVE, KIND_IMAGE, KIND_OTHER, KIND_UNREADABLE };

// What an argument is, by its first bytes; errno says why when it cannot be read.
static enum kind kind_of(const char *path)
{
	uint8_t start[offsetof(Elf64_Ehdr, e_machine)];
	struct stat status;
	ssize_t length;
	unsigned type;
	int fd;

	if (stat(path, &status))
		return KIND_UNREADABLE;
	if (!S_ISREG(status.st_mode))
		return S_ISDIR(status.st_mode) ? KIND_DIRECTORY : KIND_OTHER;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return KIND_UNREADABLE;
	length = read(fd, start, sizeof(start));
	close(fd);
	if (length >= 8 && (!memcmp(start, "!<arch>\n", 8) || !memcmp(start, "!<thin>\n", 8)))
		return KIND_ARCHIVE;
	if (length < (ssize_t)sizeof(start) || memcmp(start, ELFMAG, SELFMAG))
		return KIND_OTHER;
	type = start[EI_DATA] == ELFDATA2MSB ? start[EI_NIDENT + 1] : start[EI_NIDENT];
	return type == ET_EXEC || type == ET_DYN ? KIND_IMAGE : KIND_OBJECT;
}

// 0 when the two can be compared, else the status to exit with.
static int check_paths(const struct arguments *arguments, bool *images)
{
	const char *paths[] = {arguments->old, arguments->new_path};
	enum kind kinds[2];

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		kinds[i] = kind_of(paths[i]);
		if (kinds[i] == KIND_UNREADABLE) {
			fprintf(stderr, "%s: %s: cannot be read: %s\n", PROGRAM, paths[i], strerror(errno));
			return STATUS_TROUBLE;
		}
		if (kinds[i] == KIND_OTHER) {
			fprintf(stderr, "%s: %s: is no directory, object, archive or image\n", PROGRAM,
				paths[i]);
			return STATUS_TROUBLE;
		}
	}
	if (kinds[0] != kinds[1])
		return usage_error(PROGRAM, STATUS_TROUBLE,
				   "%s and %s: must be two directories, two objects, two archives or two "
				   "images",
				   paths[0], paths[1]);
	*images = kinds[0] == KIND_IMAGE;
	if (*images && (arguments->form == FORM_PATCH || arguments->form == FORM_HTML))
		return usage_error(PROGRAM, STATUS_TROUBLE,
				   "--patch and --html need relocations, which images have no longer; give "
				   "the trees of objects they were linked from");
	return 0;
}

static const struct colors plain = {"", "", "", "", "", ""};
static const struct colors git_like = {"\033[1m", "\033[31m", "\033[32m", "\033[36m", "\033[2m", "\033[m"};

// As git does: what leaves the screen goes to a pager that ends by itself when one screen is enough.
static pid_t start_pager(void)
{
	const char *pager = getenv("PAGER");
	int ends[2];
	pid_t child;

	if (!isatty(STDOUT_FILENO))
		return -1;
	if (!pager)
		pager = "if command -v less >/dev/null; then exec less; else exec cat; fi";
	if (!*pager || !strcmp(pager, "cat") || pipe2(ends, O_CLOEXEC))
		return -1;
	child = fork();
	if (!child) {
		dup2(ends[0], STDIN_FILENO);
		setenv("LESS", "FRX", 0);
		execl("/bin/sh", "sh", "-c", pager, (char *)NULL);
		_exit(127);
	}
	if (child > 0) {
		signal(SIGPIPE, SIG_IGN); // leaving the pager early is no failure
		dup2(ends[1], STDOUT_FILENO);
	}
	close(ends[0]);
	close(ends[1]);
	return child;
}

static void end_pager(pid_t pager)
{
	if (pager <= 0)
		return;
	fclose(stdout);
	while (waitpid(pager, NULL, 0) < 0 && errno == EINTR)
		;
}

static int show_one(const struct arguments *arguments)
{
	bool color = color_wanted(arguments->color, STDOUT_FILENO);
	bool read = show_package(arguments->package, arguments->form, color ? &git_like : &plain);

	return finish_output(PROGRAM) && read ? STATUS_DIFFERENT : STATUS_TROUBLE;
}

static bool show(const struct arguments *arguments, struct diff *diff, struct diags *diags)
{
	bool color = color_wanted(arguments->color, STDOUT_FILENO), written = true;
	const struct colors *colors = color ? &git_like : &plain;
	pid_t pager = arguments->form == FORM_PATCH ? start_pager() : -1;

	switch (arguments->form) {
	case FORM_LIST:
		show_list(diff, diags, colors);
		break;
	case FORM_STAT:
		show_stat(diff, colors);
		break;
	case FORM_PATCH:
		show_patch(diff, colors);
		break;
	case FORM_JSON:
		written = show_json(diff, diags, arguments->options.jobs);
		break;
	case FORM_HTML:
		written = show_html(diff, diags, arguments->html);
		break;
	}
	if (pager > 0)
		end_pager(pager);
	else
		written = finish_output(PROGRAM) && written;
	return written;
}

// Refusals are part of the result and shown with it; the rest, from the one with number FROM on, is for stderr.
static void print_trouble(struct diags *diags, size_t from)
{
	for (size_t i = from; i < diags_count(diags); i++)
		if (diags_at(diags, i)->severity != DIAG_REFUSAL)
			diag_print(stderr, PROGRAM, diags_at(diags, i));
}

static int compare_two_images(const struct arguments *arguments)
{
	const struct colors *colors = color_wanted(arguments->color, STDOUT_FILENO) ? &git_like : &plain;
	struct diags *diags = diags_new();
	struct image_comparison *comparison = compare_images(arguments->old, arguments->new_path, diags);
	int status = STATUS_TROUBLE;
	bool written;

	diags_sort(diags);
	print_trouble(diags, 0);
	written = show_images(comparison, arguments->new_path, diags, arguments->form, colors);
	if (finish_output(PROGRAM) && written && comparison && !diags_has(diags, DIAG_ERROR))
		status = comparison->change_count ? STATUS_DIFFERENT : STATUS_SAME;
	image_comparison_free(comparison);
	diags_free(diags);
	return status;
}

static bool has_failed(const struct diff *diff, const struct diags *diags)
{
	for (size_t i = 0; i < diff->pair_count; i++)
		if (diff->pairs[i].status == PAIR_FAILED)
			return true;
	return diags_has(diags, DIAG_ERROR);
}

int main(int argc, char **argv)
{
	struct arguments arguments = {.form = FORM_LIST};
	int status = parse_arguments(argc, argv, &arguments);
	bool images = false, shown;
	struct diags *diags;
	struct diff *diff;
	size_t said;

	if (status >= 0)
		return status;
	if (arguments.package)
		return show_one(&arguments);
	status = check_paths(&arguments, &images);
	if (status)
		return status;
	guard_mapped_files(PROGRAM, STATUS_TROUBLE);
	if (images)
		return compare_two_images(&arguments);
	diags = diags_new();
	diff = diff_trees(arguments.old, arguments.new_path, &arguments.options, diags);
	diags_sort(diags);
	print_trouble(diags, 0);
	status = STATUS_TROUBLE;
	said = diags_count(diags);
	shown = diff && show(&arguments, diff, diags);
	if (diff && arguments.form != FORM_JSON) // whose document says so itself
		diff_is_current(diff, diags);
	print_trouble(diags, said);
	if (shown && !has_failed(diff, diags))
		status = diff->differing || diff->added || diff->removed ? STATUS_DIFFERENT : STATUS_SAME;
	diff_free(diff);
	diags_free(diags);
	return status;
}
