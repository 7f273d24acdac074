/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Private to hp-build: its options, and what the parts of the program hand on. */
#ifndef TOOLS_HP_BUILD_H
#define TOOLS_HP_BUILD_H

#include "create/create.h"

typedef VEC(const char *) text_list;

struct request {
	const char *old, *new; /* both NULL: only tell of the images */
	const char *output, *json, *sign;
	const char *id, *title, *severity, *url;
	text_list fixes, requires, supersedes, images, allow;
	const char *running;
	bool linux_target;
	bool dry, quiet;
	unsigned jobs;
};

struct package {
	uint8_t *bytes; /* malloc'ed */
	size_t size;
	uint8_t digest[32]; /* SHA-256 of the bytes */
	uint8_t key[32];    /* that signed it */
	bool is_signed;
};

/* ---- hp-build-options.c ---- */
/* -1: go on; else the exit status (after --help, --version or bad usage). */
int parse_request(int argc, char **argv, struct request *request);
void free_request(struct request *request);

/* ---- hp-build-manifest.c ---- */
/* The manifest as JSON text; malloc'ed. */
char *make_manifest(const struct request *request, const struct build *build);

/* Whether an existing applier could be given this target, and why not (APPLIERS.md's facts). */
struct verdict {
	const char *applier;
	bool yes;
	const char *reason; /* NULL when yes */
};
enum { APPLIER_COUNT = 6 };
void judge_appliers(const struct build *build, struct verdict verdicts[APPLIER_COUNT]);

/* ---- hp-build-report.c ---- */
void print_report(const struct request *request, const struct build *build, const struct package *package);
/* Writes --json=FILE; 0 or -errno. BUILD and PACKAGE are NULL when there is none. */
int write_json(const struct request *request, const struct diff *diff, const struct diags *diags,
	       const struct build *build, const struct package *package);

#endif
