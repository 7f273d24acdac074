/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What can be found out before anything is brought into a process, so that a refusal leaves nothing there: is there
 * room, can the payload be linked, is a function on a stack that does not leave it.
 */
#ifndef APPLY_PRECHECK_H
#define APPLY_PRECHECK_H

#include "apply/prepare.h"
#include "apply/session.h"

/* Room for the control block, code, data and trampolines of PACKAGE at all PLACEMENTS, every symbol found, every distance
 * within reach. Maps nothing. 0 or -1. */
int precheck_space(struct session *session, struct patch *patch, const struct placement *placements,
		   size_t count);
/* Waits until no thread is in a function of PLACEMENTS, or the deadline: then it is busy. 0 or -1. */
int precheck_busy(struct session *session, const struct placement *placements, size_t count);

#endif
