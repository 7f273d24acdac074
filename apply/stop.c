// SPDX-License-Identifier: GPL-3.0-or-later
// Stopping a whole process quickly: seizing stops nobody, so it comes first for all; then all are interrupted, and
// only then waited for (one by one this takes ten times as long).
#include "apply/stop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct task *find_task(struct stop *stop, pid_t tid)
{
	for (size_t i = 0; i < stop->count; i++) {
		if (stop->tasks[i].tid == tid)
			return &stop->tasks[i];
	}
	return NULL;
}

// The list of tasks comes in the order of their creation, as ours does: the same index is the common case.
static bool known(struct stop *stop, pid_t tid, size_t hint)
{
	if (hint < stop->count && stop->tasks[hint].tid == tid)
		return true;
	return find_task(stop, tid) != NULL;
}

static int seize_new(struct stop *stop)
{
	size_t count, before = stop->count;
	pid_t *tids = process_threads(stop->process, &count);
	int error = 0;

	if (!tids)
		return -ESRCH;
	for (size_t i = 0; i < count && !error; i++) {
		struct task task = {.tid = tids[i]};

		if (known(stop, tids[i], i))
			continue;
		error = task_seize(&task);
		if (error && error != -ESRCH)
			stop->offender = tids[i];
		else
			error = 0;
		if (stop->count == stop->room)
			stop->tasks = vec_grow(stop->tasks, &stop->room, sizeof(*stop->tasks));
		stop->tasks[stop->count++] = task;
	}
	free(tids);
	return error ? error : (int)(stop->count - before);
}

// A thread that is only waiting for a processor will stop: it gets more time than one that waits in the kernel.
static int wait_stopped(const struct stop *stop, struct task *task, uint64_t deadline, uint64_t last)
{
	static const uint64_t step = 5000000;
	int error = task_wait_stopped(task, deadline);

	while (error == -ETIMEDOUT && process_task_state(stop->process, task->tid) == 'R' &&
	       monotonic_ns() < last) {
		deadline = monotonic_ns() + step;
		error = task_wait_stopped(task, deadline < last ? deadline : last);
	}
	return error;
}

static int stop_new(struct stop *stop, size_t first, uint64_t deadline, uint64_t last)
{
	for (size_t i = first; i < stop->count; i++) {
		if (!stop->tasks[i].gone)
			task_interrupt(&stop->tasks[i]);
	}
	for (size_t i = first; i < stop->count; i++) {
		struct task *task = &stop->tasks[i];
		int error = task->gone ? 0 : wait_stopped(stop, task, deadline, last);

		if (!error && !task->gone)
			error = task_read_registers(task);
		if (!error && !task->gone)
			error = task_repair_interrupted(task);
		if (error && error != -ESRCH) {
			stop->offender = task->tid;
			return error;
		}
	}
	return 0;
}

static bool any_stopped(const struct stop *stop)
{
	for (size_t i = 0; i < stop->count; i++) {
		if (stop->tasks[i].stopped)
			return true;
	}
	return false;
}

int stop_all(struct stop *stop, const struct process *process, uint64_t deadline, uint64_t last)
{
	struct ticker *ticker = ticker_start();
	size_t first = 0;
	int fresh;

	*stop = (struct stop){.process = process};
	if (!ticker)
		return -EAGAIN;
	fresh = seize_new(stop);
	// Only now is it certain that the number still means this process: what is seized cannot be replaced.
	if (fresh >= 0 && !process_same(process))
		fresh = -ESRCH;
	stop->first_interrupt = monotonic_ns();
	while (fresh > 0) {
		int error = stop_new(stop, first, deadline, last);

		first = stop->count;
		fresh = error ? error : seize_new(stop);
	}
	ticker_stop(ticker);
	if (!fresh && !any_stopped(stop))
		fresh = -ESRCH;
	return fresh;
}

void stop_release(struct stop *stop)
{
	for (size_t i = 0; i < stop->count; i++)
		task_detach(&stop->tasks[i]);
	stop->last_detach = monotonic_ns();
	free(stop->tasks);
	stop->tasks = NULL;
	stop->count = stop->room = 0;
}
