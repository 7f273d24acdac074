/* SPDX-License-Identifier: GPL-3.0-or-later */
/* All threads of a process stopped at once, and let go again. */
#ifndef APPLY_STOP_H
#define APPLY_STOP_H

#include "apply/process.h"
#include "apply/task.h"

struct stop {
	const struct process *process;
	struct task *tasks;
	size_t count, room;
	uint64_t first_interrupt, last_detach; /* monotonic ns */
	pid_t offender;                        /* thread that did not stop, or could not be traced */
};

/* Seizes all threads (which stops none), interrupts all, waits for all, lists again until none is new; reads their
 * registers. Threads that are ready to run but get no processor have until LAST. 0; -ETIMEDOUT, -EPERM, -ESRCH (the process is gone), -ENOEXEC (32-bit): then stop_release() too. */
int stop_all(struct stop *stop, const struct process *process, uint64_t deadline, uint64_t last);
void stop_release(struct stop *stop);

#endif
