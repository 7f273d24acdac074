// SPDX-License-Identifier: GPL-3.0-or-later
// hp-show: says what a package is, who signed it, what it changes.
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "tools/common.h"
#include "tools/hp-show.h"

enum { SHOWN = 0, BAD = 3 };

static const char help[] =
	"Usage: hp-show [--json] KB.hp\n"
	"Says what a hotpatch package is: manifest, signatures, targets, functions, overridden refusals, "
	"verdict\n"
	"per applier. The package is checked whole; one that is damaged in any way is not shown.\n"
	"\n"
	"      --json        print everything as one JSON document\n"
	"      --help        show this help and exit\n"
	"      --version     show the version and exit\n"
	"\n"
	"Exit status: 0 shown, 3 bad usage, or a package that cannot be read or is damaged.\n";

const char *kind_name(uint32_t kind)
{
	static const char *const names[] = {[HP_TARGET_PROCESS] = "process",
					    [HP_TARGET_LINUX] = "linux",
					    [HP_TARGET_LINUX_MODULE] = "linux-module",
					    [HP_TARGET_XEN] = "xen"};

	return kind < ARRAY_SIZE(names) && names[kind] ? names[kind] : "unknown";
}

static int show(const char *path, bool json)
{
	struct hp_package *package;
	struct hp_error error;
	json_error_t where;
	json_t *manifest;

	if (hp_open(path, &package, &error)) {
		fprintf(stderr, "hp-show: %s: %s [%s]\n", path, error.message, hp_status_text(error.status));
		return BAD;
	}
	manifest = json_loads(hp_manifest(package, NULL), JSON_REJECT_DUPLICATES, &where);
	if (!json_is_object(manifest)) {
		fprintf(stderr, "hp-show: %s: the manifest is no JSON object [malformed]\n", path);
		json_decref(manifest);
		hp_close(package);
		return BAD;
	}
	(json ? show_json : show_text)(path, package, manifest);
	json_decref(manifest);
	hp_close(package);
	return finish_output("hp-show") ? SHOWN : BAD;
}

int main(int argc, char **argv)
{
	enum { OPTION_JSON = 256, OPTION_HELP, OPTION_VERSION };
	static const struct option options[] = {{"json", no_argument, NULL, OPTION_JSON},
						{"help", no_argument, NULL, OPTION_HELP},
						{"version", no_argument, NULL, OPTION_VERSION},
						{NULL, 0, NULL, 0}};
	bool json = false;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case OPTION_JSON:
			json = true;
			break;
		case OPTION_HELP:
			fputs(help, stdout);
			return finish_output("hp-show") ? SHOWN : BAD;
		case OPTION_VERSION:
			print_version("hp-show");
			return finish_output("hp-show") ? SHOWN : BAD;
		default:
			fprintf(stderr, "Try 'hp-show --help'.\n");
			return BAD;
		}
	}
	if (argc - optind != 1)
		return usage_error("hp-show", BAD, "%s",
				   argc > optind ? "one package at a time" : "which package?");
	return show(argv[optind], json);
}
