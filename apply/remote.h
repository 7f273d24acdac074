/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One mmap in the target, by a stub that returns by itself: from the one register write that starts it, the
 * applier may die at any instant and the thread makes the call, restores its registers and goes on.
 */
#ifndef APPLY_REMOTE_H
#define APPLY_REMOTE_H

#include "apply/process.h"

enum { STUB_SIZE = 160, STUB_CODE_SIZE = 71 };

struct remote_map {
	uint64_t address, size; /* whole pages */
	int protection;         /* PROT_* */
	uint64_t stub;          /* STUB_SIZE zero bytes of executable memory */
	const char *code;       /* on failure: refusal code, NULL when it may be tried again */
	const char *message;
};

/* 0; -EAGAIN: no thread could be stopped in time; -EEXIST: something is there by now; -ESRCH: the process is gone;
 * other: see code and message. */
int remote_mmap(const struct process *process, struct remote_map *map, uint64_t deadline);

/* STUB_SIZE zero bytes behind the code of some image (the tail of its last page), 0 when there are none. Stubs
 * that dead appliers left there are appended to *left (pairs of addresses and nothing else; malloc'ed). */
uint64_t stub_place(const struct process *process, uint64_t **left, size_t *left_count);
/* BYTES are a stub's code. */
bool stub_is(const uint8_t bytes[STUB_CODE_SIZE]);

#endif
