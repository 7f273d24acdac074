/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Takes opened packages (formats/hp.h) and processes, and switches the functions of a process to those of a
 * package or back: prepare while it runs -> stop all threads -> check -> jumps -> one store -> resume -> read
 * back. Every step leaves a process that is all old or all new when the applier is killed there.
 * Must not know how packages are made.
 */
#ifndef APPLY_APPLY_H
#define APPLY_APPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "formats/hp.h"
#include "util/util.h"

/* What the manifest says that matters when applying. Texts belong to `arena`. */
struct package_facts {
	struct arena *arena;
	const char *id, *title;
	const char **fixes, **requires, **supersedes;
	size_t fix_count, require_count, supersede_count;
};

/* An opened package. */
struct patch {
	struct hp_package *package;
	struct package_facts facts;
	uint8_t digest[HP_HASH_SIZE];
};

enum outcome {
	OUTCOME_DONE,    /* applied, reverted, verified; or nothing to do */
	OUTCOME_BUSY,    /* nothing changed: a thread runs what would be replaced, or never stops */
	OUTCOME_REFUSED, /* nothing changed: see code */
	OUTCOME_GONE,    /* the process ended meanwhile */
};

struct apply_options {
	double timeout;      /* seconds to retry when busy */
	uint64_t max_pause;  /* microseconds, 0: no limit */
	bool check;          /* everything but changing the target */
	const char *symbols; /* --symbols: file to write, or NULL */
};

/* What was done to one process. Texts belong to `arena`. */
struct apply_result {
	struct arena *arena;
	enum outcome outcome;
	const char *
		state; /* "patched", "already-active", "reverted", "original", "busy", "refused", "would-patch" ... */
	const char *code;    /* refusal code, or NULL */
	const char *message; /* what is wrong, or NULL */
	size_t functions;    /* switched */
	size_t verified;     /* of these, read back as they should be */
	unsigned threads;
	unsigned retries;
	uint64_t pause_us;     /* from the first interrupt to the last detach of the stop that switched */
	const char **children; /* forked children that carry the same code, "PID comm" */
	size_t child_count;
	const char *cleared; /* what a dead applier had left, or NULL */
};

struct process;

/* One function a process runs in another body than its own, or did. */
struct active_function {
	const char *name;
	uint64_t address;    /* run-time entry */
	bool intact;         /* jump, trampolines and body are what was written */
	const char *problem; /* when not intact */
};

enum image_state {
	IMAGE_ACTIVE,  /* its functions run the package's bodies */
	IMAGE_STALE,   /* mapped (again) after the package was applied: it runs its old code */
	IMAGE_GONE,    /* unmapped since */
	IMAGE_CHANGED, /* something is not what was written: see the functions */
};
const char *image_state_name(enum image_state state);

/* One mapping of an image that a package is for. */
struct active_image {
	const char *path; /* as in maps */
	uint64_t base;
	enum image_state state;
};

/* One package found in a process. */
struct active_package {
	const char *id, *title;
	const char *baseline; /* the images it is for: "redis-server f4f77e66…" */
	const char **fixes;
	size_t fix_count;
	uint8_t digest[HP_HASH_SIZE];
	uint64_t generation; /* in which it became active */
	bool active;
	bool ever_active;
	struct active_function *functions; /* in images that are there */
	size_t function_count;
	struct active_image *images; /* of an active package */
	size_t image_count;
};

/* What the control block of a process says. */
struct patch_state {
	struct arena *arena;
	bool patched; /* there is a control block */
	uint64_t generation;
	uint64_t prepared; /* generations that a dead applier prepared and never switched to */
	struct active_package *packages;
	size_t package_count;
};

/* The images of PATCH that PROCESS maps: number of pairs. */
size_t apply_targets(const struct process *process, const struct patch *patch);

int apply_patch(struct process *process, struct patch *patch, const struct apply_options *options,
		struct apply_result *result);
/* ID NULL: every package. */
int apply_revert(struct process *process, const char *id, const struct apply_options *options,
		 struct apply_result *result);
/* Reads the control block and compares everything it names. false: malformed (*message says how). */
bool apply_state(struct process *process, struct patch_state *state, const char **message);

#endif
