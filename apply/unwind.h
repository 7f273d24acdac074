/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which code the stack of a stopped x86-64 thread will return into. Two answers of different price:
 * unwind_scan() looks at every word of the stack (quick, exact when it says "no", false alarms otherwise);
 * unwind_thread() walks the frames by the unwind information that is mapped in the process (.eh_frame, never
 * from files) and says whether the walk is proven complete.
 *
 * Everything but registers and stack memory is read before the stop, by unwinder_new(): nothing here allocates or
 * parses headers afterwards. All of it is hostile input: bounded, checked, no step count without a limit.
 * Must not know packages, generations or ptrace.
 */
#ifndef APPLY_UNWIND_H
#define APPLY_UNWIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/user.h>

#include "apply/process.h"

enum { UNWIND_FRAMES_MAX = 1024, UNWIND_STACKS_MAX = 8 };

struct address_range {
	uint64_t start, end; /* [start, end) */
};

/* Code that was put into the process later, with its unwind information: the bytes of a linked .eh_frame section. */
struct unwind_table {
	struct address_range code;
	uint64_t eh_frame, eh_frame_size; /* run-time address */
};

/* Code that stands for a place in a function. */
enum unwind_alias_kind {
	UNWIND_TRAMPOLINE, /* runs between caller and body, touches no stack: CFA = rsp + 8 */
	UNWIND_COPY, /* relocated prologue: its instructions change the stack, no walk from here is complete */
};
struct unwind_alias {
	struct address_range code;
	enum unwind_alias_kind kind;
};

struct unwind_extra {
	const struct unwind_table *tables;
	size_t table_count;
	const struct unwind_alias *aliases;
	size_t alias_count;
};

struct unwinder;

/* Reads all unwind information of PROCESS as its maps (process_read_maps()) are now. PROCESS must outlive it.
 * EXTRA may be NULL; copied. Never NULL: what cannot be read makes walks through it incomplete. */
struct unwinder *unwinder_new(const struct process *process, const struct unwind_extra *extra);
void unwinder_free(struct unwinder *unwinder);

/*
 * To be called once when all threads are stopped: reads /proc/PID/maps again, takes the stacks from it, and
 * compares what is mapped executable with what unwinder_new() saw. false: code was mapped, unmapped or replaced
 * since then, the tables may lie: let the process go on and prepare again.
 */
bool unwinder_stopped(struct unwinder *unwinder);

struct unwind_frame {
	uint64_t pc;
	uint64_t cfa; /* stack pointer of the caller behind the return; 0: not known */
	bool interrupted; /* PC is the next instruction (innermost frame, or interrupted by a signal); otherwise it is a
			   * return address, and the call lies before it: look up pc - 1 */
};

struct unwind_walk {
	size_t frame_count;
	bool complete;   /* proven: the last frame has no caller (or the kernel's entry) */
	const char *why; /* when not complete: static text, "no unwind information", ... */
	uint64_t why_pc;
	struct unwind_frame frames[UNWIND_FRAMES_MAX];
};

/* Walks the stack of a stopped thread. WALK is filled in any case, its first frame is regs->rip. */
void unwind_thread(struct unwinder *unwinder, const struct user_regs_struct *regs, struct unwind_walk *walk);

/* Is FRAME in RANGE? (A return address may be the end of its function: behind a call that does not return.) */
bool unwind_frame_in(const struct unwind_frame *frame, const struct address_range *range);

struct unwind_hit {
	uint64_t value;   /* the word: a pc in one of the ranges */
	uint64_t address; /* where it lies; 0: the thread's own pc */
	size_t range;     /* index */
	bool unreadable; /* no word found, but the stack could not be read as a whole: it must count as a hit */
};

/*
 * Could the thread run or return into one of RANGES (sorted by start, not overlapping)? Looks at the pc and every
 * word from the stack pointer to the end of the stack's mapping, and the same for each stack and pc that a signal
 * frame found there tells of. false: certainly not. true: perhaps, *hit (may be NULL) names the first word.
 * Not seen: stacks that are reachable through data only (makecontext, fibers that wait).
 */
bool unwind_scan(struct unwinder *unwinder, const struct user_regs_struct *regs,
		 const struct address_range *ranges, size_t count, struct unwind_hit *hit);

/*
 * What the engine asks: does the thread use one of RANGES? The scan first; only when it hits, the walk; when that
 * is complete its frames decide, else the scan does. *walk is filled when it was needed (frame_count 0 otherwise).
 */
bool unwind_uses(struct unwinder *unwinder, const struct user_regs_struct *regs,
		 const struct address_range *ranges, size_t count, struct unwind_hit *hit,
		 struct unwind_walk *walk);

#endif
