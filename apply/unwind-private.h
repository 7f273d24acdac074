/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What unwind.c (tables, memory, walks) and unwind-scan.c (words) share. */
#ifndef APPLY_UNWIND_PRIVATE_H
#define APPLY_UNWIND_PRIVATE_H

#include "apply/cfi.h"
#include "apply/unwind.h"

enum {
	RED_ZONE = 128,         /* psABI 3.2.2: registers may be saved there below the stack pointer */
	WINDOW_SIZE = 32 << 10, /* stack memory is read in pieces of this size */
	SIGRETURN_CODE = 9,     /* bytes of mov $__NR_rt_sigreturn,%rax; syscall */
	SIGRETURN_MOVE = 7,     /* of the mov, with a 64-bit destination */
	SIGRETURN_MOVE_SHORT = 5,
};

struct unwinder {
	const struct process *process;
	struct cfi_section *sections;
	size_t section_count;
	cfi_entries entries;          /* sorted by start */
	struct unwind_alias *aliases; /* sorted by start */
	size_t alias_count;
	VEC(uint64_t)
	restorers; /* where code calls rt_sigreturn: words with these values start a signal frame */
	VEC(struct mapping)
	images; /* mappings of code with unwind information, as they were when it was read */
	VEC(struct address_range) readable; /* sorted; as of unwinder_stopped() */
	bool last_stack;                    /* the last of them is private anonymous memory */

	uint8_t *window; /* bytes [window_start, window_end) of the target, while it is stopped */
	uint64_t window_start, window_end;
	unsigned loads; /* windows loaded for this walk */
};

/* Address of an image's .eh_frame that has no .eh_frame_hdr, found by its looks; 0: none. */
uint64_t unwind_search_eh_frame(const struct process *process, const struct image *image);
/* The mapping around ADDRESS, by the maps of the stop; an empty range when there is none. */
struct address_range unwind_mapping(const struct unwinder *unwinder, uint64_t address);
/* Makes the window start at ADDRESS. false: nothing readable there. */
bool unwind_load(struct unwinder *unwinder, uint64_t address);
/* Is there a call of rt_sigreturn at ADDRESS? */
bool unwind_is_restorer(const struct unwinder *unwinder, uint64_t address);
/* Is PC one of its two instructions? */
bool unwind_in_restorer(const struct unwinder *unwinder, uint64_t pc);
/* unwind_thread() that trusts the window. */
void unwind_walk_on(struct unwinder *unwinder, const struct user_regs_struct *regs, struct unwind_walk *walk);
/* Index of the range that holds [start, end) / (start, end] ADDRESS, COUNT when none does. */
size_t unwind_find_range(const struct address_range *ranges, size_t count, uint64_t address,
			 bool interrupted);

#endif
