// SPDX-License-Identifier: GPL-3.0-or-later
// The command line of hp-apply.
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <libgen.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/hp-apply.h"

enum {
	OPTION_LIST = 256,
	OPTION_VERIFY,
	OPTION_REVERT,
	OPTION_REVERT_ALL,
	OPTION_TIMEOUT,
	OPTION_MAX_PAUSE,
	OPTION_TRUST,
	OPTION_PROBE,
	OPTION_IF_PRESENT,
	OPTION_SYMBOLS,
	OPTION_JSON,
	OPTION_HELP,
	OPTION_VERSION,
};

static const struct option options[] = {
	{"check", no_argument, NULL, 'n'},
	{"list", no_argument, NULL, OPTION_LIST},
	{"verify", no_argument, NULL, OPTION_VERIFY},
	{"revert", required_argument, NULL, OPTION_REVERT},
	{"revert-all", no_argument, NULL, OPTION_REVERT_ALL},
	{"timeout", required_argument, NULL, OPTION_TIMEOUT},
	{"max-pause", required_argument, NULL, OPTION_MAX_PAUSE},
	{"trust", required_argument, NULL, OPTION_TRUST},
	{"probe", required_argument, NULL, OPTION_PROBE},
	{"if-present", no_argument, NULL, OPTION_IF_PRESENT},
	{"symbols", required_argument, NULL, OPTION_SYMBOLS},
	{"json", no_argument, NULL, OPTION_JSON},
	{"help", no_argument, NULL, OPTION_HELP},
	{"version", no_argument, NULL, OPTION_VERSION},
	{NULL, 0, NULL, 0},
};

static const char help[] =
	"Usage: hp-apply [OPTION]... [PID]... KB.hp\n"
	"       hp-apply --list | --verify [PID]... [KB.hp]\n"
	"       hp-apply --revert=ID | --revert-all [PID]...\n"
	"Repair running processes with a hotpatch package; without PID every process that maps a target.\n"
	"\n"
	"  -n, --check           check everything, change nothing\n"
	"      --list            packages in processes; with KB.hp: which run old, patched and other code\n"
	"      --verify          compare what is in the processes with what was written\n"
	"      --revert=ID       take package ID back\n"
	"      --revert-all      take every package back\n"
	"      --timeout=S       seconds to retry when a thread runs what is to be replaced; default 10\n"
	"      --max-pause=T     give up rather than stop a process for longer: 500us, 2ms, 1s\n"
	"      --trust=PUBKEY    take only packages signed by this key (file or 64 hex digits), or none\n"
	"      --probe=CMD       must succeed before and after (HP_PID, HP_ID); else the package is taken "
	"back\n"
	"      --if-present      no process to patch is no failure\n"
	"      --symbols=FILE    write symbols and unwind information of the new code for gdb\n"
	"      --json            report as JSON\n"
	"      --help, --version\n"
	"\n"
	"Exit: 0 done or already active, 1 busy, nothing changed, 2 refused, 3 bad usage or unreadable "
	"package.\n";

static int bad(const char *what, const char *text)
{
	return usage_error("hp-apply", STATUS_USAGE, "'%s' is no %s", text, what);
}

static int take_seconds(const char *text, double *seconds)
{
	char *end;

	errno = 0;
	*seconds = strtod(text, &end);
	if (errno || end == text || *end || !isfinite(*seconds) || *seconds < 0 || *seconds > 86400)
		return bad("time in seconds", text);
	return -1;
}

static int take_pause(const char *text, uint64_t *us)
{
	char *end;
	double value, unit;

	errno = 0;
	value = strtod(text, &end);
	unit = !strcmp(end, "us") ? 1 : !strcmp(end, "ms") ? 1e3 : !strcmp(end, "s") ? 1e6 : 0;
	if (errno || end == text || !isfinite(value) || unit == 0 || value <= 0 || value * unit > 6e7)
		return bad("time with unit (us, ms, s)", text);
	*us = (uint64_t)(value * unit);
	*us += *us == 0;
	return -1;
}

static int take_action(struct request *request, enum action action)
{
	if (request->action != ACTION_APPLY)
		return usage_error("hp-apply", STATUS_USAGE,
				   "--list, --verify, --revert and --revert-all exclude each other");
	request->action = action;
	return -1;
}

static int take_option(int option, struct request *request)
{
	switch (option) {
	case 'n':
		request->check = true;
		return -1;
	case OPTION_LIST:
		return take_action(request, ACTION_LIST);
	case OPTION_VERIFY:
		return take_action(request, ACTION_VERIFY);
	case OPTION_REVERT:
		request->revert = optarg;
		return *optarg ? take_action(request, ACTION_REVERT) : bad("package id", optarg);
	case OPTION_REVERT_ALL:
		return take_action(request, ACTION_REVERT_ALL);
	case OPTION_TIMEOUT:
		return take_seconds(optarg, &request->timeout);
	case OPTION_MAX_PAUSE:
		return take_pause(optarg, &request->max_pause);
	case OPTION_TRUST:
		request->trust = optarg;
		return -1;
	case OPTION_PROBE:
		request->probe = optarg;
		return -1;
	case OPTION_IF_PRESENT:
		request->if_present = true;
		return -1;
	case OPTION_SYMBOLS:
		request->symbols = optarg;
		return -1;
	case OPTION_JSON:
		request->json = true;
		return -1;
	case OPTION_HELP:
		fputs(help, stdout);
		return finish_output("hp-apply") ? STATUS_DONE : STATUS_USAGE;
	case OPTION_VERSION:
		print_version("hp-apply");
		return finish_output("hp-apply") ? STATUS_DONE : STATUS_USAGE;
	}
	fprintf(stderr, "Try 'hp-apply --help'.\n");
	return STATUS_USAGE;
}

static int take_operand(const char *text, struct request *request)
{
	unsigned pid;

	if (text[strspn(text, "0123456789")] == '\0') {
		if (!parse_number(text, INT32_MAX, &pid))
			return bad("process id", text);
		*vec_push(&request->pids) = (pid_t)pid;
		return -1;
	}
	if (request->package)
		return usage_error("hp-apply", STATUS_USAGE, "one package at a time: '%s', '%s'",
				   request->package, text);
	request->package = text;
	return -1;
}

// What no write to PATH can get around: 0 or an errno. A regular file is replaced, so its directory matters.
static int write_obstacle(const char *path)
{
	struct stat status;
	bool there = !stat(path, &status);
	char *copy = xstrdup(path);
	const char *place = there && !S_ISREG(status.st_mode) ? path : dirname(copy);
	int error = 0;

	if (there && S_ISDIR(status.st_mode))
		error = EISDIR;
	else if (!*path || path[strlen(path) - 1] == '/')
		error = ENOENT;
	else if (faccessat(AT_FDCWD, place, place == path ? W_OK : W_OK | X_OK, AT_EACCESS))
		error = errno;
	free(copy);
	return error;
}

static int check_symbols(const char *path)
{
	int error = path ? write_obstacle(path) : 0;

	return error ? usage_error("hp-apply", STATUS_USAGE, "%s: cannot be written: %s", path,
				   strerror(error))
		     : -1;
}

static int check_combination(const struct request *request)
{
	if (request->action == ACTION_APPLY && !request->package)
		return usage_error("hp-apply", STATUS_USAGE, "no package given");
	if ((request->action == ACTION_REVERT || request->action == ACTION_REVERT_ALL) && request->package)
		return usage_error("hp-apply", STATUS_USAGE, "'%s': this takes no package", request->package);
	if (request->action != ACTION_APPLY && (request->probe || request->symbols))
		return usage_error("hp-apply", STATUS_USAGE, "--probe and --symbols belong to applying");
	return check_symbols(request->symbols);
}

int parse_options(int argc, char **argv, struct request *request)
{
	int option, status = -1;

	*request = (struct request){.timeout = 10};
	while (status < 0 && (option = getopt_long(argc, argv, "n", options, NULL)) != -1)
		status = take_option(option, request);
	for (int i = optind; status < 0 && i < argc; i++)
		status = take_operand(argv[i], request);
	return status < 0 ? check_combination(request) : status;
}
