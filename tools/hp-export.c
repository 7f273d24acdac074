// SPDX-License-Identifier: GPL-3.0-or-later
// hp-export: makes of a package what another applier takes; here a livepatch module for the Linux kernel.
#include "tools/hp-export.h"

#include <getopt.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
	"Usage: hp-export --format=klp [OPTION]... KB.hp -o DIR\n"
	"       hp-export --format=klp --finish=MODULE.ko\n"
	"Makes a livepatch module for the Linux kernel from a hotpatch package: a source directory that "
	"builds\n"
	"with `make` against the kernel's headers. The module refuses to work on any other build of the "
	"kernel.\n"
	"\n"
	"  -o DIR               the directory to write; one that hp-export wrote before is replaced\n"
	"      --build          build the module, too: DIR/NAME.ko\n"
	"      --headers=DIR    what modules for that kernel are built against; default\n"
	"                       /lib/modules/RELEASE/build\n"
	"      --key=FILE       sign the module with this private key (PEM), and\n"
	"      --certificate=FILE  its X.509 certificate\n"
	"      --embed          build the module and add it to KB.hp, so that hp-apply needs no compiler\n"
	"      --build-id=HEX   of the kernel, where the package changes modules only and does not say it\n"
	"      --no-replace     leave earlier livepatches active; without it they end as this one starts\n"
	"      --finish=FILE    only the last step on a module that make linked (its Makefile calls this)\n"
	"  -q                   no progress\n"
	"      --help           show this help and exit\n"
	"      --version        show the version and exit\n"
	"\n"
	"Exit status: 0 done, 2 the package cannot be exported or the module cannot be built, 3 bad usage or "
	"a\n"
	"file that cannot be read or written.\n";

int export_error(int status, const char *place, const char *format, ...)
{
	va_list arguments;

	fprintf(stderr, "hp-export: %s: ", place);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	return status;
}

int export_failed(const char *place, const struct hp_error *error)
{
	int status = error->status == HP_UNSUPPORTED ? EXPORT_REFUSED : EXPORT_BAD;

	return export_error(status, place, "%s [%s]", error->message, hp_status_text(error->status));
}

static int parse(int argc, char **argv, struct export_request *request)
{
	enum {
		FORMAT = 256,
		BUILD,
		HEADERS,
		KEY,
		CERTIFICATE,
		EMBED,
		NO_REPLACE,
		FINISH,
		BUILD_ID,
		HELP,
		VERSION
	};
	static const struct option options[] = {{"format", required_argument, NULL, FORMAT},
						{"build", no_argument, NULL, BUILD},
						{"headers", required_argument, NULL, HEADERS},
						{"key", required_argument, NULL, KEY},
						{"certificate", required_argument, NULL, CERTIFICATE},
						{"embed", no_argument, NULL, EMBED},
						{"no-replace", no_argument, NULL, NO_REPLACE},
						{"finish", required_argument, NULL, FINISH},
						{"build-id", required_argument, NULL, BUILD_ID},
						{"help", no_argument, NULL, HELP},
						{"version", no_argument, NULL, VERSION},
						{NULL, 0, NULL, 0}};
	const char *format = NULL;
	int option;

	*request = (struct export_request){.replace = true};
	while ((option = getopt_long(argc, argv, "o:q", options, NULL)) != -1) {
		switch (option) {
		case FORMAT:
			format = optarg;
			break;
		case BUILD:
			request->build = true;
			break;
		case HEADERS:
			request->headers = optarg;
			break;
		case KEY:
			request->key = optarg;
			break;
		case CERTIFICATE:
			request->certificate = optarg;
			break;
		case EMBED:
			request->build = request->embed = true;
			break;
		case NO_REPLACE:
			request->replace = false;
			break;
		case FINISH:
			request->finish = optarg;
			break;
		case BUILD_ID:
			request->build_id = optarg;
			break;
		case 'o':
			request->output = optarg;
			break;
		case 'q':
			request->quiet = true;
			break;
		case HELP:
			fputs(help, stdout);
			return finish_output("hp-export") ? EXPORT_DONE : EXPORT_BAD;
		case VERSION:
			print_version("hp-export");
			return finish_output("hp-export") ? EXPORT_DONE : EXPORT_BAD;
		default:
			fprintf(stderr, "Try 'hp-export --help'.\n");
			return EXPORT_BAD;
		}
	}
	if (!format || strcmp(format, "klp") != 0)
		return usage_error("hp-export", EXPORT_BAD, "%s",
				   format ? "the only format yet is klp" : "which --format?");
	if (request->finish)
		return optind == argc ? -1
				      : usage_error("hp-export", EXPORT_BAD, "--finish takes no package");
	if (argc - optind != 1)
		return usage_error("hp-export", EXPORT_BAD, "%s",
				   argc > optind ? "one package at a time" : "which package?");
	if (!request->output)
		return usage_error("hp-export", EXPORT_BAD, "where to? -o DIR is missing");
	if (!request->key != !request->certificate)
		return usage_error("hp-export", EXPORT_BAD, "--key and --certificate belong together");
	if (request->key && !request->build)
		return usage_error("hp-export", EXPORT_BAD, "--key signs what --build builds");
	request->package = argv[optind];
	return -1;
}

static const char *manifest_text(const json_t *manifest, const char *key)
{
	const char *text = json_string_value(json_object_get(manifest, key));

	return text ? text : "";
}

static int open_package(struct export *export)
{
	const char *path = export->request->package;
	struct hp_error error;
	const json_t *fix;
	size_t i;

	if (hp_open(path, &export->package, &error))
		return export_error(EXPORT_BAD, path, "%s [%s]", error.message, hp_status_text(error.status));
	export->manifest = json_loads(hp_manifest(export->package, NULL), JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object(export->manifest))
		return export_error(EXPORT_BAD, path, "the manifest is no JSON object [malformed]");
	export->options = (struct klp_options){.id = manifest_text(export->manifest, "id"),
					       .title = manifest_text(export->manifest, "title"),
					       .replace = export->request->replace};
	export->fixes = xstrdup("");
	json_array_foreach(json_object_get(export->manifest, "fixes"), i, fix)
	{
		char *longer = xasprintf("%s%s%s", export->fixes, i ? " " : "",
					 json_string_value(fix) ? json_string_value(fix) : "");

		free(export->fixes);
		export->fixes = longer;
	}
	export->options.fixes = export->fixes;
	klp_module_name(export->options.id, export->name);
	if (export->request->build_id) {
		if (sodium_hex2bin(export->build_id, sizeof(export->build_id), export->request->build_id,
				   strlen(export->request->build_id), NULL, &export->options.build_id_size,
				   NULL) ||
		    !export->options.build_id_size)
			return export_error(EXPORT_BAD, export->request->build_id, "is no build ID");
		export->options.build_id = export->build_id;
	}
	if (klp_check(export->package, &export->options, &error))
		return export_failed(path, &error);
	return EXPORT_DONE;
}

static int run(const struct export_request *request)
{
	struct export export = {.request = request};
	int status = open_package(&export);

	if (!status)
		status = export_source(&export);
	if (!status && request->build)
		status = export_build(&export);
	if (!status && request->embed)
		status = export_embed(&export);
	if (!status)
		status = export_publish(&export);
	export_discard(&export);
	if (!status)
		printf("%s/%s%s\n", request->output, request->build ? export.name : "Makefile",
		       request->build ? ".ko" : "");
	json_decref(export.manifest);
	if (export.package)
		hp_close(export.package);
	free(export.fixes);
	free(export.symvers);
	free(export.directory);
	return status;
}

int main(int argc, char **argv)
{
	struct export_request request;
	int status = parse(argc, argv, &request);

	if (status < 0 && sodium_init() < 0)
		return usage_error("hp-export", EXPORT_BAD, "libsodium cannot be used here");
	if (status < 0)
		status = request.finish ? finish_module(request.finish) : run(&request);
	return finish_output("hp-export") ? status : EXPORT_BAD;
}
