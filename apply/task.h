/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One thread of the target under ptrace, so that dying at any point leaves it as it was: seized, never attached;
 * every wait leaves the status in place (WNOWAIT) and has a deadline; never single-stepped.
 */
#ifndef APPLY_TASK_H
#define APPLY_TASK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

enum stop_kind {
	STOP_EVENT,   /* PTRACE_EVENT_STOP after an interrupt */
	STOP_GROUP,   /* PTRACE_EVENT_STOP of a process that is stopped (SIGSTOP) */
	STOP_SIGNAL,  /* about to receive a signal */
	STOP_SYSCALL, /* at entry to or exit from a system call */
	STOP_OTHER,   /* another ptrace event */
	STOP_GONE,    /* ended */
	STOP_TIMEOUT,
};

struct task {
	pid_t tid;
	bool seized, stopped, group_stopped, gone;
	bool signals_seen; /* a signal came between seizing and now: handlers may have run */
	struct user_regs_struct registers;
};

uint64_t monotonic_ns(void);

/* Interrupts blocked waits of this thread every few milliseconds, so that they see their deadlines. */
struct ticker;
struct ticker *ticker_start(void);
void ticker_stop(struct ticker *ticker);

/* 0, -ESRCH (gone, or a zombie), -EPERM (traced by another, or not permitted). */
int task_seize(struct task *task);
int task_interrupt(const struct task *task);
/* Waits for the next stop. *signal: of STOP_SIGNAL and STOP_GROUP. */
enum stop_kind task_wait(struct task *task, uint64_t deadline, int *signal);
/* After task_interrupt(): waits for the event stop, passing on signals that come first. 0, -ESRCH, -ETIMEDOUT. */
int task_wait_stopped(struct task *task, uint64_t deadline);
/* Interrupts and waits. */
int task_stop(struct task *task, uint64_t deadline);
/* -ENOEXEC: it runs 32-bit code. */
int task_read_registers(struct task *task);
int task_write_registers(const struct task *task);
/* A call that a stop alone makes fail with EINTR is made to restart. Changes task->registers too. */
int task_repair_interrupted(struct task *task);
/* Lets a stopped task go; one that is not stopped stays seized until the tracing thread ends. */
void task_detach(struct task *task);

/* Runs WORK in a thread of its own and waits for its end, by which everything it still traces is released. */
int with_tracer(int (*work)(void *argument), void *argument);

#endif
