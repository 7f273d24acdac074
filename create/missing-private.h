/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Private to create/missing*.c and compare-images.c: two corresponding images, their named things paired. */
#ifndef CREATE_MISSING_PRIVATE_H
#define CREATE_MISSING_PRIVATE_H

#include "create/match.h"

/* What lies at one address under one or more names: a function or a datum. */
struct thing {
	uint64_t vaddr, size;              /* the largest size of its symbols */
	const struct image_symbol *symbol; /* the one it was paired by, else the first */
	struct thing *other;               /* the corresponding one of the other image, or NULL */
	bool code;
};

struct side {
	const struct image *image;
	struct thing *things; /* by vaddr */
	size_t thing_count;
	const struct image_symbol **tls_symbols; /* by position */
	size_t tls_symbol_count;
};

struct comparing {
	struct side old, new_side;
	const struct arch_link *link;
	const struct diff *diff;
	struct arena *arena;
};

/* Fills both sides and pairs their things; in missing-pair.c. */
void pair_things(struct comparing *comparing);
/* The thing whose extent holds VADDR (or that is empty and begins there), or NULL. */
const struct thing *thing_over(const struct side *side, uint64_t vaddr);
/* Offset of the first instruction or word that differs, at least the smaller size when there is none. */
uint64_t things_same_until(const struct comparing *comparing, const struct thing *old,
			   const struct thing *new_thing);
/* __func__ and its like: a string that the compiler numbers anew in each build; what counts is what its readers find. */
bool thing_is_function_name(const struct thing *thing);
/* Whether two corresponding things mean the same; in missing-compare.c. */
bool things_equal(const struct comparing *comparing, const struct thing *old, const struct thing *new_thing);

#endif
