/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Brings a package into a process that runs on: checked, mapped, linked, written, recorded; nothing uses it yet. */
#ifndef APPLY_PREPARE_H
#define APPLY_PREPARE_H

#include "apply/session.h"

/* A target of the package at an image of the process. */
struct placement {
	struct hp_package *package;
	size_t target;
	const struct hp_target *record;
	struct image image; /* a copy: maps are read again and again */
};

/* The pairs, malloc'ed; *count 0: the process maps no target. */
struct placement *prepare_placements(const struct process *process, struct hp_package *package,
				     size_t *count);
/* Are the bytes of every old function what the package was made for? Our own jumps count as what they cover. No other
 * package with its id may be active, unless it supersedes that. */
int prepare_check(struct session *session, const struct placement *placements, size_t count);
/* Links the payload for the addresses in CODE (whose records are not made yet), for the errors alone. 0 or -1. */
int prepare_try_link(struct session *session, struct hp_package *package, const struct placement *placement,
		     const struct control_code *code);
/* Index of the package's record; CONTROL_NONE on failure. */
uint32_t prepare_package(struct session *session, struct patch *patch, const struct placement *placements,
			 size_t count);
/* Record of the package with DIGEST that is at all PLACEMENTS; CONTROL_NONE: none. */
uint32_t prepare_find(const struct session *session, const uint8_t digest[HP_HASH_SIZE]);
bool prepare_complete(const struct session *session, uint32_t package, const struct placement *placements,
		      size_t count);

#endif
