/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parts of hp-export: options, the module source directory, kbuild, embedding. */
#ifndef TOOLS_HP_EXPORT_H
#define TOOLS_HP_EXPORT_H

#include <jansson.h>

#include "formats/klp.h"
#include "tools/common.h"

enum export_status { EXPORT_DONE = 0, EXPORT_REFUSED = 2, EXPORT_BAD = 3 };

struct export_request {
	const char *package, *output, *headers, *key, *certificate, *finish, *build_id;
	bool build, embed, replace, quiet;
};

/* Everything about one export. Texts belong to the package, the manifest or this. */
struct export
{
	const struct export_request *request;
	struct hp_package *package;
	json_t *manifest;
	struct klp_options options;
	uint8_t build_id[64];
	char *fixes, *symvers;
	char name[KLP_NAME_SIZE]; /* of the module */
	char *directory;          /* written here, renamed to request->output at the end */
};

/* "hp-export: PLACE: MESSAGE" on stderr; gives STATUS back. */
int export_error(int status, const char *place, const char *format, ...) PRINTF_LIKE(3, 4);
/* The same for an error of libhp: what cannot be exported is refused, what cannot be read is bad. */
int export_failed(const char *place, const struct hp_error *error);

/* Writes the module source directory beside the output. */
int export_source(struct export *export);
/* Runs make in it, finishes and signs the module. */
int export_build(struct export *export);
/* Adds the built module to the package. */
int export_embed(struct export *export);
/* Moves the directory to its name. */
int export_publish(struct export *export);
/* Removes what was written and not published. */
void export_discard(struct export *export);
/* --finish: the last step on a linked module, in place. */
int finish_module(const char *path);

#endif
