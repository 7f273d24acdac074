/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Private to create/: where control can go within one function of an object. */
#ifndef CREATE_FLOW_H
#define CREATE_FLOW_H

#include "create/instruction.h"
#include "diff/diff.h"

/* Whether the instruction that holds OFFSET of UNIT (a function, or a split-off part of one) may run more than once
 * in one run of the function. True also where that cannot be told. */
bool flow_in_loop(struct decoder *decoder, const struct unit *unit, uint64_t offset);

#endif
