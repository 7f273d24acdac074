/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Private to create/: everything that belongs to one call of build_targets(). */
#ifndef CREATE_BUILDER_H
#define CREATE_BUILDER_H

#include "create/target.h"

/* An image that may become a target. */
struct candidate {
	struct image *image;
	const char *path;  /* first of its names */
	const char *paths; /* all of them, ", "-joined */
	struct target *target;
};

/* An image that has a part of an object's functions. */
struct partial {
	const struct candidate *candidate;
	const struct pair *pair;
	const struct placement *placement;
};

struct builder {
	struct arena *arena;
	struct diff *diff;
	const struct build_options *options;
	struct diags *diags;
	struct decoder *decoder;
	struct tree running; /* objects as they were linked, when --running names them */
	VEC(struct object *) running_objects;
	VEC(struct candidate) candidates;
	VEC(struct placement *) placements;
	VEC(struct partial) partial;
	VEC(struct object *) new_objects;
	VEC(struct uncovered_image) uncovered;
	size_t changed; /* pairs that differ in code or data */
};

/*
 * Refuses as `already-ran` what check_ran() found, unless nothing else of an image is replaced and another image takes
 * the fix: then the first gets no part of the package, and is told among the uncovered.
 */
void judge_ran(struct builder *builder);

void uncover(struct builder *builder, const char *path, const char *reason);
void *arena_copy(struct arena *arena, const void *bytes, size_t size);

/* ---- check.c ---- */
/* Marks the refusals that --allow names. */
void apply_allowed(struct diags *diags, const struct build_options *options);

#endif
