// SPDX-License-Identifier: GPL-3.0-or-later
// The command line of hp-build.
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "tools/common.h"
#include "tools/hp-build.h"

enum {
	OPTION_IMAGE = 256,
	OPTION_RUNNING,
	OPTION_TARGET,
	OPTION_ID,
	OPTION_TITLE,
	OPTION_SEVERITY,
	OPTION_URL,
	OPTION_FIXES,
	OPTION_REQUIRES,
	OPTION_SUPERSEDES,
	OPTION_ALLOW,
	OPTION_SIGN,
	OPTION_JSON,
	OPTION_HELP,
	OPTION_VERSION,
};

static const struct option options[] = {
	{"output", required_argument, NULL, 'o'},
	{"image", required_argument, NULL, OPTION_IMAGE},
	{"running", required_argument, NULL, OPTION_RUNNING},
	{"target", required_argument, NULL, OPTION_TARGET},
	{"id", required_argument, NULL, OPTION_ID},
	{"title", required_argument, NULL, OPTION_TITLE},
	{"severity", required_argument, NULL, OPTION_SEVERITY},
	{"url", required_argument, NULL, OPTION_URL},
	{"fixes", required_argument, NULL, OPTION_FIXES},
	{"requires", required_argument, NULL, OPTION_REQUIRES},
	{"supersedes", required_argument, NULL, OPTION_SUPERSEDES},
	{"allow", required_argument, NULL, OPTION_ALLOW},
	{"sign", required_argument, NULL, OPTION_SIGN},
	{"json", required_argument, NULL, OPTION_JSON},
	{"dry-run", no_argument, NULL, 'n'},
	{"quiet", no_argument, NULL, 'q'},
	{"jobs", required_argument, NULL, 'j'},
	{"help", no_argument, NULL, OPTION_HELP},
	{"version", no_argument, NULL, OPTION_VERSION},
	{NULL, 0, NULL, 0},
};

static const char help[] =
	"Usage: hp-build [OPTION]... OLD NEW\n"
	"       hp-build --target=linux --image=FILE...\n"
	"Make a hotpatch package from two builds of the same program, or say why it cannot be.\n"
	"Without OLD and NEW: print what the kernel and modules say of themselves.\n"
	"\n"
	"  -o, --output=FILE      the package to write; default ID.hp\n"
	"      --image=FILE       patch this image only (may be repeated); default: every image in OLD\n"
	"      --running=DIR      objects as they were linked into the images; default: those in OLD\n"
	"      --target=KIND      auto, process, or linux (the kernel and its modules; needs --image)\n"
	"      --id=ID            name of the package; default: from its contents\n"
	"      --title=TEXT       one line for people\n"
	"      --severity=TEXT    of what is fixed\n"
	"      --url=URL          where to read more\n"
	"      --fixes=CVE        what it repairs (may be repeated)\n"
	"      --requires=ID      package that must be active before (may be repeated)\n"
	"      --supersedes=ID    package that this one contains (may be repeated)\n"
	"      --allow=CODE[:SYM] let one refusal pass; the package says so (may be repeated)\n"
	"      --sign=KEY         sign with this secret key\n"
	"      --json=FILE        write what was found and made as JSON\n"
	"  -n, --dry-run          check everything, write no package\n"
	"  -q, --quiet            print refusals only\n"
	"  -j, --jobs=N           threads; default one per core\n"
	"      --help, --version\n"
	"\n"
	"Exit: 0 package written, 1 nothing to patch, 2 refused, 3 bad usage or unreadable argument.\n";

static const char *const codes[] = {
	"no-function-sections", "arch-mismatch",  "lto-bytecode",     "malformed-object",
	"image-not-found",      "image-mismatch", "object-missing",   "symbol-ambiguous",
	"symbol-missing",       "data-changed",   "data-layout",      "no-types",
	"static-uncorrelated",  "init-changed",   "already-ran",      "section-unsupported",
	"special-unsupported",  "too-small",      "tls-new",          "tls-model",
	"ifunc-changed",        "notrace",        "exception-tables", "signature-changed",
	"removed-still-used",   "options-differ",
};

static bool is_code(const char *text)
{
	size_t length = strcspn(text, ":");

	for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
		if (strlen(codes[i]) == length && !strncmp(codes[i], text, length))
			return !text[length] || text[length + 1];
	return false;
}

// An id becomes a file name and a column in lists.
static bool is_id(const char *text)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._+:~-";

	return *text && *text != '.' && *text != '-' && strlen(text) <= 64 &&
	       strspn(text, allowed) == strlen(text);
}

static int take_id(const char *text, const char **id)
{
	if (!is_id(text))
		return usage_error("hp-build", 3,
				   "'%s' is no id: letters, digits and ._+:~- only, at most 64", text);
	*id = text;
	return -1;
}

static int take_ids(const char *text, text_list *list)
{
	const char *id;
	int status = take_id(text, &id);

	if (status < 0)
		*vec_push(list) = id;
	return status;
}

static int take_option(int option, struct request *request)
{
	switch (option) {
	case 'o':
		request->output = optarg;
		return *optarg ? -1 : usage_error("hp-build", 3, "-o needs a file name");
	case 'n':
		request->dry = true;
		return -1;
	case 'q':
		request->quiet = true;
		return -1;
	case 'j':
		return parse_number(optarg, 1024, &request->jobs)
			       ? -1
			       : usage_error("hp-build", 3, "'%s' is no number of threads", optarg);
	case OPTION_IMAGE:
		*vec_push(&request->images) = optarg;
		return -1;
	case OPTION_RUNNING:
		request->running = optarg;
		return -1;
	case OPTION_TARGET:
		request->linux_target = !strcmp(optarg, "linux");
		if (request->linux_target || !strcmp(optarg, "auto") || !strcmp(optarg, "process"))
			return -1;
		return usage_error("hp-build", 3, "target '%s' is not known; auto, process and linux are",
				   optarg);
	case OPTION_ID:
		return take_id(optarg, &request->id);
	case OPTION_TITLE:
		request->title = optarg;
		return -1;
	case OPTION_SEVERITY:
		request->severity = optarg;
		return -1;
	case OPTION_URL:
		request->url = optarg;
		return -1;
	case OPTION_FIXES:
		return take_ids(optarg, &request->fixes);
	case OPTION_REQUIRES:
		return take_ids(optarg, &request->requires);
	case OPTION_SUPERSEDES:
		return take_ids(optarg, &request->supersedes);
	case OPTION_ALLOW:
		if (!is_code(optarg))
			return usage_error("hp-build", 3, "'%s' is no refusal code; see doc/refusals.md",
					   optarg);
		*vec_push(&request->allow) = optarg;
		return -1;
	case OPTION_SIGN:
		request->sign = optarg;
		return -1;
	case OPTION_JSON:
		request->json = optarg;
		return -1;
	case OPTION_HELP:
		fputs(help, stdout);
		return finish_output("hp-build") ? 0 : 3;
	case OPTION_VERSION:
		print_version("hp-build");
		return finish_output("hp-build") ? 0 : 3;
	}
	fputs("Try 'hp-build --help'.\n", stderr);
	return 3;
}

int parse_request(int argc, char **argv, struct request *request)
{
	int option, status, answer = -1;

	memset(request, 0, sizeof(*request));
	// The rest is read even after a mistake: -o must be known, so that nothing is left there.
	argv[0] = (char[]){"hp-build"};
	while ((option = getopt_long(argc, argv, "o:nqj:", options, NULL)) != -1) {
		status = take_option(option, request);
		if (status >= 0 && answer < 0)
			answer = status;
		if (option == OPTION_HELP || option == OPTION_VERSION)
			return answer;
	}
	if (answer >= 0)
		return answer;
	if (argc == optind && request->linux_target && request->images.count)
		return -1;
	if (argc - optind != 2)
		return usage_error("hp-build", 3, "two builds are wanted, OLD and NEW");
	if (request->linux_target && !request->images.count)
		return usage_error(
			"hp-build", 3,
			"--target=linux wants the kernel with --image (vmlinuz, and modules that change)");
	request->old = argv[optind];
	request->new = argv[optind + 1];
	return -1;
}

void free_request(struct request *request)
{
	free(request->fixes.at);
	free(request->requires.at);
	free(request->supersedes.at);
	free(request->images.at);
	free(request->allow.at);
}
