/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Run-pre matching: proves that a loaded old object (diff/diff.h) is code of an image (create/image.h), and
 * by that where each of its functions, data and references is. Names only propose; bytes with relocation
 * fields masked and then the values of the fields decide. What linkers rewrite is known by its relocation and
 * proven.
 */
#ifndef CREATE_MATCH_H
#define CREATE_MATCH_H

#include "create/image.h"

enum place_state {
	PLACE_UNKNOWN, /* nothing leads to it: not looked at (unwind, notes) or not found in an image without
			  symbols */
	PLACE_MATCHED, /* at vaddr; every byte and every relocation of it is proven */
	PLACE_DROPPED, /* the linker left it out (--gc-sections, unused); the image has full symbols and not
			  this one */
	PLACE_OVERRIDDEN, /* weak or COMDAT: the image uses another object's definition, at vaddr (0: not
			     known) */
	PLACE_DIFFERS,    /* name or reference lead to vaddr, and something else is there */
	PLACE_AMBIGUOUS,  /* several places fit, nothing tells which */
};

struct unit_place {
	enum place_state state;
	uint64_t vaddr; /* MATCHED, OVERRIDDEN, DIFFERS. Of thread-local data: that of its initial bytes */
	uint64_t size;  /* there, when it may differ from the unit's; else 0 */
};

/* What the image's code uses for a symbol of the object, as seen in relocation fields of matched units. Any
 * combination may have been seen; all that was seen is consistent. */
struct symbol_place {
	bool seen;
	bool has_address;              /* referred to directly (also after relaxation): */
	uint64_t vaddr;                /* ... its address in the image, canonical PLT entry, or copy */
	bool zero;                     /* weak undefined, resolved to 0 by the linker */
	const struct image_plt *plt;   /* called through this stub */
	const struct image_slot *slot; /* loaded or called through this GOT slot */
	bool has_tls_offset;
	uint64_t tls_offset;                 /* offset in the image's own TLS block */
	const struct image_slot *tls_module; /* DTPMOD64/DTPOFF64 pair used for it */
	const struct image_slot *tp_offset;  /* TPOFF64 slot used for it */
	const struct image_slot *tls_descriptor;
};

enum match_result {
	MATCH_FULL, /* the object is in the image: every function the linker kept is matched, at least one */
	MATCH_ABSENT,  /* nothing of it is in the image */
	MATCH_PARTIAL, /* some functions match, others differ: another build of it, or one that shares code */
	MATCH_AMBIGUOUS, /* fits at several places that are not the same code */
};

/* A function, or datum, of the object that is not in the image as it is in the object. */
struct mismatch {
	const struct unit *unit;
	uint64_t offset;  /* first difference, in unit */
	uint64_t vaddr;   /* of the unit in the image */
	const char *what; /* "byte 0x3 instead of 0x5", "call goes to `b` instead of `a`" */
};

struct placement {
	const struct object *object;
	const struct image *image;
	struct arena *arena;
	enum match_result result;
	struct unit_place *units;     /* by index in object->units */
	struct symbol_place *symbols; /* by symbol->index */
	size_t functions;             /* in the object, cold parts not counted */
	size_t matched, dropped, overridden, differing;
	bool source_in_image;        /* the image has an STT_FILE of that name */
	struct mismatch *mismatches; /* functions first, then data, by section and offset */
	size_t mismatch_count;
};

/* Never NULL. IMAGE and OBJECT must outlive it. Several threads may match in one image. */
struct placement *match_object(const struct image *image, const struct object *object);
void placement_free(struct placement *placement);

static inline const struct unit_place *place_of(const struct placement *placement, const struct unit *unit)
{
	return &placement->units[unit - placement->object->units];
}

/* "N of M functions match; first that differ: ...; likely cause: ...", for image-mismatch. In ARENA. */
const char *placement_explain(const struct placement *placement, struct arena *arena);

/*
 * object-missing: OLD and NEW are corresponding images. Every function and read-only datum in which they
 * differ must be accounted for by a difference in DIFF; each one that is not is a DIAG_REFUSAL
 * `object-missing` in DIAGS (after a few the rest is counted). Returns the number of those.
 */
size_t check_missing(const struct image *old, const struct image *new_image, const struct diff *diff,
		     struct diags *diags);

#endif
