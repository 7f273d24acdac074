/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Private to create/match*.c: one object being matched in one image. */
#ifndef CREATE_MATCH_PRIVATE_H
#define CREATE_MATCH_PRIVATE_H

#include "create/match.h"

/* What one relocated field of linked code says about the symbol of its relocation. */
struct observation {
	const struct reloc *reloc;
	bool has_address; /* vaddr is the symbol's address; of thread-local ones, that of its initial bytes */
	bool zero;        /* weak and undefined: 0 */
	uint64_t vaddr;
	const struct image_plt *plt;
	const struct image_slot *slot, *tls_module, *tp_offset, *tls_descriptor;
};

/* A place that a section's bytes and fields fit. */
struct candidate {
	uint64_t vaddr;
	struct observation *observations;
	size_t observation_count;
	uint32_t file_position; /* of the image's local symbol that proposed it, 0: none */
	const char *file;
};

enum section_state {
	SECTION_IGNORED, /* not loaded, or not a thing of its own in an image (notes, unwind tables) */
	SECTION_MERGED,  /* its literals are placed one by one */
	SECTION_OPEN,
	SECTION_PLACED,
	SECTION_DIFFERS,
};

struct section_place {
	enum section_state state;
	VEC(struct candidate) candidates;
	struct candidate chosen;
	bool named; /* the image has symbols of its names that could be this one's */
	bool queued;
	bool weak; /* every function and datum in it is weak or COMDAT: another definition may have won */
	/* Why not: */
	uint64_t tried_vaddr;
	uint64_t wrong_offset;
	const char *wrong;
};

struct matching {
	const struct image *image;
	const struct object *object;
	const struct arch_link *link;
	struct arena *arena;
	struct placement *placement;
	struct section_place *sections; /* by section index */
	VEC(uint32_t) queue;            /* placed sections whose observations are not yet taken in */
	uint32_t file_position;         /* the object's STT_FILE in the image's symbol table, 0: not known */
};

/* A difference: offset in the section, and what it is. */
struct difference {
	uint64_t offset;
	const char *what;
};

/*
 * Compares [from, to) of SECTION with the image, were the section at VADDR. Observations go to LIST (may be NULL).
 */
bool match_compare(const struct matching *matching, const struct section *section, uint64_t from, uint64_t to,
		   uint64_t vaddr, struct candidate *list, struct difference *difference);
/* What FIELD says about RELOC's symbol. false with *WHAT. VADDR: of the field. */
bool match_observe(const struct matching *matching, const struct section *section, const struct reloc *reloc,
		   const struct linked_field *field, uint64_t vaddr, struct observation *seen,
		   const char **what);
/* Whether the image's symbols of that name, if it has any, allow SYMBOL to be at VADDR. */
bool match_names_agree(const struct matching *matching, const struct symbol *symbol, uint64_t vaddr);
/* Finds masked occurrences of a code section in an image without names; adds those that fit to its candidates. */
void match_search(struct matching *matching, const struct section *section);

#endif
