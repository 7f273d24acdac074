// SPDX-License-Identifier: GPL-3.0-or-later
// Looks at stack words without understanding frames: quick, and never misses a return address.
#include <string.h>
#include <sys/uio.h>

#include "apply/unwind-private.h"

// The quick look gives up (and the walk decides) where so much stack is in use that looking at it costs more.
static const uint64_t QUICK_MAX = 256 << 10, THOROUGH_MAX = 64 << 20;

// From the start of a signal frame, the restorer's address, to the interrupted stack pointer and pc
// (struct rt_sigframe: ucontext at 8, its gregs at 40, REG_RSP 15, REG_RIP 16).
enum { FRAME_RSP = 8 + 40 + 15 * 8, FRAME_RIP = 8 + 40 + 16 * 8 };

struct stack {
	uint64_t from, to;
};

struct scan {
	struct unwinder *unwinder;
	const struct address_range *ranges;
	size_t count;
	uint64_t low, high; // of all ranges
	uint64_t limit;
	struct stack stacks[UNWIND_STACKS_MAX]; // found so far; the first DONE of them were looked at
	size_t stack_count, done;
	struct unwind_hit *hit;
};

size_t unwind_find_range(const struct address_range *ranges, size_t count, uint64_t address, bool interrupted)
{
	uint64_t inside = interrupted ? address : address - 1;
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (ranges[middle].end <= inside)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && ranges[low].start <= inside ? low : count;
}

bool unwind_frame_in(const struct unwind_frame *frame, const struct address_range *range)
{
	return unwind_find_range(range, 1, frame->pc, frame->interrupted) == 0;
}

static bool report(struct scan *scan, uint64_t value, uint64_t address, size_t range)
{
	*scan->hit = (struct unwind_hit){value, address, range, range == scan->count};
	return true;
}

static bool check_pc(struct scan *scan, uint64_t pc)
{
	size_t range = unwind_find_range(scan->ranges, scan->count, pc, true);

	return range < scan->count && report(scan, pc, 0, range);
}

// true: no room for it, or not readable.
static bool add_stack(struct scan *scan, uint64_t from)
{
	struct address_range mapping = unwind_mapping(scan->unwinder, from);

	for (size_t i = 0; i < scan->stack_count; i++) {
		if (from >= scan->stacks[i].from && from <= scan->stacks[i].to)
			return false;
	}
	if (scan->stack_count == UNWIND_STACKS_MAX || mapping.start == mapping.end ||
	    mapping.end - from > scan->limit)
		return report(scan, from, from, scan->count);
	scan->stacks[scan->stack_count++] = (struct stack){from, mapping.end};
	return false;
}

// A signal frame starts at ADDRESS, or a word there only looks like it: then more is looked at than needed.
static bool follow_signal_frame(struct scan *scan, uint64_t address)
{
	uint64_t words[2];

	if (process_read(scan->unwinder->process, address + FRAME_RSP, words, sizeof(words)))
		return report(scan, address, address, scan->count);
	return check_pc(scan, words[1]) || add_stack(scan, words[0]);
}

static bool check_word(struct scan *scan, uint64_t word, uint64_t address)
{
	size_t range;

	if (word - scan->low <= scan->high - scan->low) {
		range = unwind_find_range(scan->ranges, scan->count, word, false);
		if (range < scan->count)
			return report(scan, word, address, range);
	}
	return unwind_is_restorer(scan->unwinder, word) && follow_signal_frame(scan, address);
}

static bool scan_window(struct scan *scan, uint64_t from, uint64_t step, uint64_t *next)
{
	const struct unwinder *unwinder = scan->unwinder;
	uint64_t address = from, word;

	for (; unwinder->window_end - address >= sizeof(word) && address < unwinder->window_end;
	     address += step) {
		memcpy(&word, unwinder->window + (address - unwinder->window_start), sizeof(word));
		if (check_word(scan, word, address))
			return true;
	}
	*next = address;
	return false;
}

static bool scan_stack(struct scan *scan, const struct stack *stack)
{
	struct unwinder *unwinder = scan->unwinder;
	// The ABI keeps it a multiple of 8; code that does not may have its return addresses anywhere.
	uint64_t step = stack->from % 8 ? 1 : 8, at = stack->from, next, load;

	while (stack->to - at >= 8 && at < stack->to) {
		if (at < unwinder->window_start || at >= unwinder->window_end ||
		    unwinder->window_end - at < 8) {
			// The first window holds the red zone too, for the walk that may follow.
			load = at == stack->from && at >= RED_ZONE &&
					       unwind_mapping(unwinder, at - RED_ZONE).end ==
						       unwind_mapping(unwinder, at).end
				       ? at - RED_ZONE
				       : at;
			if (!unwind_load(unwinder, load) || unwinder->window_end < at + 8)
				return report(scan, at, at, scan->count);
		}
		if (scan_window(scan, at, step, &next))
			return true;
		at = next;
	}
	return false;
}

static bool scan_thread(struct unwinder *unwinder, const struct user_regs_struct *regs,
			const struct address_range *ranges, size_t count, uint64_t limit,
			struct unwind_hit *hit)
{
	struct unwind_hit ignored;
	struct scan scan = {.unwinder = unwinder,
			    .ranges = ranges,
			    .count = count,
			    .limit = limit,
			    .hit = hit ? hit : &ignored};

	*scan.hit = (struct unwind_hit){0};
	if (count == 0)
		return false;
	scan.low = ranges[0].start;
	scan.high = ranges[count - 1].end;
	unwinder->window_start = unwinder->window_end = 0; // another thread's
	if (check_pc(&scan, regs->rip) || add_stack(&scan, regs->rsp))
		return true;
	// In the restorer itself the frame's first word has been popped.
	if (unwind_in_restorer(unwinder, regs->rip) && follow_signal_frame(&scan, regs->rsp - 8))
		return true;
	while (scan.done < scan.stack_count) {
		if (scan_stack(&scan, &scan.stacks[scan.done]))
			return true;
		scan.done++;
	}
	return false;
}

bool unwind_scan(struct unwinder *unwinder, const struct user_regs_struct *regs,
		 const struct address_range *ranges, size_t count, struct unwind_hit *hit)
{
	return scan_thread(unwinder, regs, ranges, count, THOROUGH_MAX, hit);
}

bool unwind_uses(struct unwinder *unwinder, const struct user_regs_struct *regs,
		 const struct address_range *ranges, size_t count, struct unwind_hit *hit,
		 struct unwind_walk *walk)
{
	struct unwind_hit found;

	walk->frame_count = 0;
	if (!scan_thread(unwinder, regs, ranges, count, QUICK_MAX, &found))
		return false;
	if (hit)
		*hit = found;
	unwind_walk_on(unwinder, regs, walk);
	if (!walk->complete)
		return found.unreadable ? unwind_scan(unwinder, regs, ranges, count, hit) : true;
	for (size_t i = 0; i < walk->frame_count; i++) {
		const struct unwind_frame *frame = &walk->frames[i];
		size_t range = unwind_find_range(ranges, count, frame->pc, frame->interrupted);

		if (range == count)
			continue;
		if (hit)
			*hit = (struct unwind_hit){frame->pc, 0, range, false};
		return true;
	}
	return false;
}
