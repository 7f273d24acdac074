/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Switching a process to another generation: which functions change, trampolines for them, all threads stopped
 * and checked, entry jumps re-aimed one by one, one store.
 */
#ifndef APPLY_SWITCH_H
#define APPLY_SWITCH_H

#include "apply/session.h"

/* Makes PACKAGES (indices of control-block records, in order of activation) the active ones. Fills pause, threads,
 * retries, functions and verified of the result. 0 or -1. */
int switch_to(struct session *session, const uint32_t *packages, uint32_t count);

/* Makes what dead appliers prepared unreachable for good, and says so in the result. 0 or -1. */
int switch_clear_dead(struct session *session);

/* Where a call of FUNCTION ends up now: follows entry jump and trampolines as the processor would. 0: something on
 * the way is not what we write. */
uint64_t switch_resolve(const struct session *session, uint32_t function, const char **problem);
/* Where it should end up with PACKAGES active. */
uint64_t switch_expected(const struct control *control, uint32_t function, const uint32_t *packages,
			 uint32_t count);

#endif
