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

/* What a kernel or module says of itself. Texts belong to the arena. */
struct kernel_identity {
	enum hp_target_kind kind;
	const char *name, *release, *build_id; /* "vmlinux" or the module's; lower-case hexadecimal */
	const char *banner;                    /* NULL for modules */
	size_t symbols;
};
/* false when FILE cannot be read as one; why is in DIAGS. */
bool identify_kernel(const char *file, struct arena *arena, struct kernel_identity *identity,
		     struct diags *diags);

/* A function or datum in which two linked images differ. */
struct image_change {
	enum unit_status status; /* changed, new, removed */
	bool function, thread_local;
	const char *name, *section;
	const char *file;            /* the source file of a static, as its symbol table has it, or NULL */
	uint64_t old_size, new_size; /* 0 on the side without it */
	uint64_t at;                 /* of a changed one: offset of the first difference */
};

struct image_comparison {
	struct arena *arena;
	char *old_build_id, *new_build_id; /* lower-case hexadecimal */
	size_t functions, data;            /* of the new image: how many were looked at */
	struct image_change *changes;      /* functions before data, by name and file */
	size_t change_count;
};

/*
 * Compares two executables or shared libraries by their symbols: there are no relocations to go by, so places are
 * equal when they have corresponding names or equal contents, and what cannot be told apart counts as a difference.
 * What has neither size nor code (marks of the linker, data of assembly without a size) is left out. NULL when an image
 * cannot be read or the two are of different kinds; the reason, and what could not be compared, is in DIAGS.
 */
struct image_comparison *compare_images(const char *old_path, const char *new_path, struct diags *diags);
void image_comparison_free(struct image_comparison *comparison);

#endif
