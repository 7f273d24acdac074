/* SPDX-License-Identifier: GPL-3.0-or-later */
/* .eh_frame sections at several addresses as one .debug_frame section: debuggers read one of each name only. */
#ifndef APPLY_SYMBOLS_FRAME_H
#define APPLY_SYMBOLS_FRAME_H

#include "util/util.h"

struct debug_frame {
	VEC(uint8_t) bytes;
};

/* Adds the records of the SIZE bytes at EH_FRAME, which lie at ADDRESS in the process. What is not understood is left
 * out. */
void debug_frame_add(struct debug_frame *to, const uint8_t *eh_frame, size_t size, uint64_t address);
/* Code that touches no stack: [START, START + SIZE). */
void debug_frame_add_leaf(struct debug_frame *to, uint64_t start, uint64_t size);

#endif
