/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Making room in the target: the control block, and regions near its images. */
#ifndef APPLY_MEMORY_H
#define APPLY_MEMORY_H

#include "apply/session.h"

/* Makes the control block when there is none. 0 or -1. */
int memory_ensure_control(struct session *session);
/* The record of IMAGE, made when there is none; CONTROL_NONE on failure. */
uint32_t memory_ensure_image(struct session *session, const struct image *image);
/* Size of the region that is mapped when none has room for SIZE bytes with ALIGN. */
uint64_t memory_region_size(uint64_t size, uint64_t align);
/* SIZE free bytes near image record INDEX with PROTECTION, aligned; a region is mapped when none has room. Given away
 * for good by the record that names them. 0 or -1. */
int memory_reserve(struct session *session, uint32_t index, uint32_t protection, uint64_t size,
		   uint64_t align, uint64_t *address);

/* Stubs of remote calls that dead appliers left: a thread may still be in one, or return into it from a signal
 * handler. malloc'ed. */
uint64_t *memory_used_stubs(const struct session *session, size_t *count);
/* To be called once no thread can be in them. */
void memory_clear_stubs(const struct session *session, const uint64_t *stubs, size_t count);

#endif
