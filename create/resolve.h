/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Private to create/: what a relocation refers to, and the symbols that stand for it in the payload. */
#ifndef CREATE_RESOLVE_H
#define CREATE_RESOLVE_H

#include "create/target.h"

/* A payload symbol plus a distance. */
struct address {
	struct payload_symbol *symbol;
	int64_t base;
};

/* What is known of a relocation's symbol. At most one of member, in_image and zero; imported may come with any. */
struct reference {
	struct unit *unit;     /* of the new side, when its definition is known */
	struct member *member; /* the unit travels in the payload */
	const char *name;
	int64_t distance; /* value: address + distance (- place) */
	bool in_image;    /* exists at vaddr */
	uint64_t vaddr;
	bool zero;         /* weak undefined, and the linker made it 0 */
	bool interposable; /* another module's definition may win */
	bool imported, ambiguous;
	struct image_import import; /* when imported */
};

struct reference classify_reference(struct target *target, const struct member *member,
				    const struct reloc *reloc);
struct address payload_address(const struct member *member);
struct address address_of(struct target *target, const struct member *member, const struct reloc *reloc,
			  const struct reference *reference);
struct address call_of(struct target *target, const struct member *member, const struct reloc *reloc,
		       const struct reference *reference);
/* An 8-byte slot, the image's or the payload's, that holds the address. */
struct address slot_of(struct target *target, const struct member *member, const struct reloc *reloc,
		       const struct reference *reference);

struct payload_symbol *bind_image(struct target *target, const char *name, uint64_t vaddr, bool function);
struct payload_symbol *bind_slot(struct target *target, const char *name, uint64_t vaddr);
struct payload_symbol *bind_value(struct target *target, const char *name, uint32_t kind, uint64_t vaddr,
				  int64_t addend);

/* Overwrites bytes of a member that is laid out. */
void write_field(struct member *member, uint64_t at, uint64_t value, unsigned size);

/* tls.c: every relocation of thread-local storage. */
void resolve_tls(struct target *target, struct member *member, const struct reloc *reloc);

#endif
