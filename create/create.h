/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Takes differences (diff/diff.h) and the images they were linked into, and gives one target record with a
 * payload per image (formats/hp.h's structures), or refusals: find images -> match objects in them (run-pre
 * matching) -> select the closure -> resolve -> check -> emit. Must not know the container's layout or an applier's quirks.
 */
#ifndef CREATE_CREATE_H
#define CREATE_CREATE_H

#include "diff/diff.h"
#include "formats/hp.h"

struct build_options {
	const char *const *images; /* --image: paths; empty: every image of the old tree */
	size_t image_count;
	const char *running; /* --running: tree of objects as they were linked, NULL: OLD */
	enum hp_target_kind target;
	const char *const *allow; /* "CODE" or "CODE:SYMBOL" */
	size_t allow_count;
	unsigned jobs;
	bool quiet;
};

/* An image that contains a changed object but gets no payload, for the manifest. */
struct uncovered_image {
	const char *path, *reason;
};

struct build {
	struct arena *arena;
	struct hp_target *targets; /* sorted by build ID; ready for hp_encode() */
	size_t target_count;
	/* Per target: the images of the tree that are it, ", "-joined in path order. */
	const char **target_paths;
	/* Per target: functions matched; references to existing symbols; of these through slots. */
	size_t *matched, *existing, *through_slots;
	struct uncovered_image *uncovered;
	size_t uncovered_count;
	struct diag *overridden; /* refusals that --allow let pass */
	size_t overridden_count;
	struct builder *builder; /* what the records above point into */
};

/*
 * Returns 0 and a build with at least one target, 1 when there is nothing to patch, 2 when refused (refusals are
 * in DIAGS), 3 when an argument cannot be read. *build is NULL unless 0.
 */
int build_targets(struct diff *diff, const struct build_options *options, struct build **build,
		  struct diags *diags);
void build_free(struct build *build);

#endif
