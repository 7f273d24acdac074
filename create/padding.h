/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Private to create/: bytes behind a function that are proven to be nobody's. */
#ifndef CREATE_PADDING_H
#define CREATE_PADDING_H

#include "create/target.h"

/* Number of padding bytes behind old UNIT, which is matched at VADDR; 0 when it cannot be proven. */
uint64_t proven_padding(const struct target *target, const struct unit *unit, uint64_t vaddr);

#endif
