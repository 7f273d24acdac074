/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Private to create/: one image being given new code, and the passes over it, in this order:
 * closure_select -> payload layout (emit_members) -> resolve_members -> functions and parts -> records.
 */
#ifndef CREATE_TARGET_H
#define CREATE_TARGET_H

#include "create/create.h"
#include "create/image.h"
#include "create/instruction.h"
#include "create/match.h"
#include "create/payload.h"

struct target;

/* A unit of the new side that travels in the payload. */
struct member {
	struct unit *unit;
	struct unit *old; /* the unit it replaces, which is in the image; NULL for what is new */
	uint64_t old_vaddr;
	struct member *root;   /* the replaced function that needs it (itself for a replaced function) */
	uint32_t function;     /* index of root's record */
	struct unit *referrer; /* the function that needs it first */
	struct payload_section *section;
	uint64_t offset;
	struct payload_symbol *symbol; /* its own, or its section's for literals and anonymous bytes */
	uint64_t tls_call_done;        /* offset of a relocated call that a TLS rewrite took away */
};

/* One object pair as far as this image holds it. */
struct piece {
	struct pair *pair;
	struct object *old, *new; /* old NULL: an object that only NEW has */
	const struct placement *placement;
};

struct bound { /* a binding before the payload symbol has its index */
	struct payload_symbol *symbol;
	struct hp_binding binding;
};

struct state {
	struct member *member;
	struct hp_state record;
};

/* A function that runs as the patch is applied or taken back. */
struct hook {
	struct member *member;
	uint32_t phase; /* enum hp_hook_phase */
};

/* A replaced function that ran already, and the way from main to it. */
struct ran {
	const struct member *member;
	const char *way;
};

struct target {
	struct arena *arena;
	struct diff *diff;
	struct diags *diags;
	struct image *image;
	struct image *vmlinux;   /* of modules: the kernel they belong to, when it is at hand */
	struct image *new_image; /* what NEW has in its place, or NULL */
	const char *path;        /* of the image, for messages */
	bool linked_otherwise;   /* --running: not OLD's objects were linked, but others of the same source */
	struct decoder *decoder;
	struct payload *payload;

	VEC(struct piece) pieces;   /* by path; twins left out */
	struct intmap *piece_of;    /* object of either side -> piece */
	struct strmap *definitions; /* global name -> new-side unit of a piece that defines it */

	VEC(struct member *) members; /* in the order in which they were reached */
	struct intmap *member_of;     /* unit -> member */

	VEC(struct bound) bindings;
	struct strmap *bound_names; /* key text of a binding -> payload symbol */
	struct strmap *own_slots;   /* what a slot of .hp.got holds -> its offset + 1 */
	struct strmap *veneers;     /* slot -> offset + 1 of its veneer in .hp.plt */

	VEC(struct hp_function) functions;
	VEC(struct member *) replaced; /* beside functions */
	size_t uncalled;               /* how many of replaced nothing calls, as far as the objects tell */
	VEC(struct ran) ran;           /* those of replaced that run at start-up only */
	VEC(struct payload_symbol *) prologues; /* beside functions */
	VEC(struct hp_part) parts;
	VEC(struct payload_symbol *) part_symbols; /* beside parts; NULL: old code */
	VEC(struct state) states;
	VEC(struct hook) hooks;
};

/* ---- closure.c ---- */
/* Fills pieces' definitions and members. */
void closure_select(struct target *target);
struct member *member_find(const struct target *target, const struct unit *unit);
enum presence {
	PRESENCE_PROVEN,
	PRESENCE_ABSENT,   /* the linker dropped it, or its object is not in the image */
	PRESENCE_UNPROVEN, /* it may be somewhere */
};
enum presence unit_presence(const struct target *target, const struct unit *old, uint64_t *vaddr);
/* Where the image has an old unit; false: not proven to be there. */
bool unit_in_image(const struct target *target, const struct unit *old, uint64_t *vaddr);
/* Bytes that the image has of an old unit; with --running they may differ from the unit's own by the length of jumps. */
uint64_t unit_image_size(const struct target *target, const struct unit *old);
/* The same, and what is there is this object's own definition. */
bool unit_is_own(const struct target *target, const struct unit *old, uint64_t *vaddr);
/* The new-side unit a relocation means: in its own object, or by name in another piece; NULL when none is known. */
struct unit *reloc_unit(const struct target *target, const struct reloc *reloc);
/* Adds the relocation's distance: the value is address(unit or symbol) + this (- place, when relative). */
int64_t reloc_distance(const struct reloc *reloc, const struct unit *unit);

/* ---- hooks.c ---- */
/* The function that UNIT, a pointer in a section for hooks, names, and when it is to run. NULL: it is none, or refused. */
struct unit *hook_function(struct target *target, const struct piece *piece, const struct unit *unit,
			   uint32_t *phase);
void check_hooks(struct target *target);

/* ---- emit.c ---- */
void emit_members(struct target *target);
void emit_unwind(struct target *target);

/* ---- resolve.c ---- */
void resolve_members(struct target *target);
/* The symbol that stands for a replaced function's entry in the image. */
struct payload_symbol *old_entry(struct target *target, const struct member *member);

/* ---- functions.c ---- */
/* Records of replaced functions: entry, jump, relocated prologue, parts. */
void describe_functions(struct target *target);

/* ---- check.c ---- */
void refuse(struct target *target, const struct unit *unit, const char *code, const char *format, ...)
	PRINTF_LIKE(4, 5);
void check_members(struct target *target);
void check_tables(struct target *target);
void check_moved(struct target *target);

/* ---- ran.c ---- */
void check_ran(struct target *target);

#endif
