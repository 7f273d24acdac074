/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parts of hp-apply: command line, trust, probe, the file on disk, report, system log. */
#ifndef TOOLS_HP_APPLY_H
#define TOOLS_HP_APPLY_H

#include "apply/apply.h"
#include "apply/facts.h"
#include "apply/process.h"
#include "tools/common.h"

enum status { STATUS_DONE = 0, STATUS_BUSY = 1, STATUS_REFUSED = 2, STATUS_USAGE = 3 };
enum action { ACTION_APPLY, ACTION_LIST, ACTION_VERIFY, ACTION_REVERT, ACTION_REVERT_ALL };

struct request {
	enum action action;
	bool check, if_present, json;
	double timeout;
	uint64_t max_pause; /* microseconds */
	const char *revert, *trust, *probe, *symbols, *package;
	VEC(pid_t) pids;
};

/* Fills REQUEST; -1 to go on, else the exit status. */
int parse_options(int argc, char **argv, struct request *request);

/* Is the package signed by a key that is trusted here? *said: what the report says of it (malloc'ed). 0 or an exit
 * status after one line on stderr. */
int check_trust(const struct request *request, struct patch *patch, char **said);

enum { PROBE_SECONDS = 10 };
/* Runs the probe with HP_PID and HP_ID; true when it exits with 0 in time. */
bool run_probe(const char *command, pid_t pid, const char *id);

/* Build ID of the file a process's image was loaded from, as it is on disk now in that process's view. */
bool disk_build_id(const struct process *process, const struct image *image, uint8_t id[BUILD_ID_MAX],
		   size_t *size);

/* One process of the report. */
struct entry {
	pid_t pid;
	char comm[64], unit[256], container[128];
	struct apply_result result;
	const char *probe; /* "ok", "failed-before", "failed-after", or NULL */
	struct patch_state state;
	bool has_state, retried;
	const char *error; /* of reading the state */
	const char *
		code; /* --list with a package: "old", "patched", "partly", "other"; NULL: it is not concerned */
	char build[20]; /* of other code: its build ID, shortened */
};

struct old_file {
	char *path, *build_id;
};

struct report {
	const struct request *request;
	const char *id;
	const struct package_facts *facts; /* NULL without a package */
	const char *signature, *build_ids;
	const struct patch *listed; /* --list: the package that is asked about, or NULL */
	VEC(struct entry) entries;
	VEC(struct old_file) old_files;
	size_t unseen;              /* processes that this user may not look at, when all were to be */
	struct json_t *livepatches; /* of the kernel, with --list; NULL: it is not concerned */
	struct json_t *reverted;    /* livepatches taken back by --revert-all with --json, or NULL */
};

/* hp-apply-kernel.c: the same for the running kernel, when all targets of the package are Linux kernels and modules. Each
 * prints its own report. */
bool is_for_kernel(const struct hp_package *package);
int apply_kernel(const struct request *request, const struct patch *patch);
int verify_kernel(const struct request *request, const struct patch *patch);
/* Livepatches that are there: prints them, or leaves them to the report's JSON. */
/* --list, and --verify without a package: STATUS_REFUSED when a patch that a package made is not active. */
int list_kernel(struct report *report);
/* Those of the report's id, or all without one. false: the kernel has none such. *status becomes the worse of itself and
 * what came of it. */
bool revert_kernel(struct report *report, int *status);

void report_print(const struct report *report);
void report_json(const struct report *report);
/* The worst outcome, as exit status. */
int report_status(const struct report *report);
void log_entry(const struct report *report, const struct entry *entry);

#endif
