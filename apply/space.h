/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Free address ranges of a process. */
#ifndef APPLY_SPACE_H
#define APPLY_SPACE_H

#include "apply/process.h"

/* A random page below 2 GiB where SIZE bytes are free, away from where the heap grows. 0: none. */
uint64_t space_low(const struct process *process, uint64_t size);
/* SIZE free bytes from which every byte of IMAGE is within a 32-bit distance and the other way round. 0: none.
 * ATTEMPT 0, 1, 2 ... gives other places, for when one was taken meanwhile. */
uint64_t space_near(const struct process *process, const struct image *image, uint64_t size,
		    unsigned attempt);

#endif
