// SPDX-License-Identifier: GPL-3.0-or-later
// Where to map: gaps between mappings that nothing else is about to grow into.
#include "apply/space.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { PAGE = 4096 };
static const uint64_t low_start = 1 << 20, low_end = UINT64_C(1) << 31;
static const uint64_t heap_room = UINT64_C(1) << 29;       // kept free above the heap
static const uint64_t stack_room = UINT64_C(1) << 24;      // and below a stack: it grows down
static const uint64_t user_end = UINT64_C(0x7ffffffff000); // TASK_SIZE_MAX with four-level page tables
static const uint64_t reach = (UINT64_C(1) << 31) - (1 << 20);

struct gap {
	uint64_t start, end;
};

// The gap before mapping INDEX (or behind the last), without what the heap or a stack may want.
static struct gap gap_before(const struct process *process, size_t index)
{
	struct gap gap = {.start = low_start, .end = user_end};

	if (index > 0) {
		const struct mapping *before = &process->mappings[index - 1];

		gap.start = before->end + PAGE;
		if (!strcmp(before->path, "[heap]"))
			gap.start = before->end + heap_room;
		if (gap.start < low_start)
			gap.start = low_start;
	}
	if (index < process->mapping_count) {
		const struct mapping *behind = &process->mappings[index];
		uint64_t room = strcmp(behind->path, "[stack]") ? PAGE : stack_room;

		gap.end = behind->start > room ? behind->start - room : 0;
	}
	return gap;
}

static uint64_t random_below(uint64_t limit)
{
	uint64_t value = 0;

	if (getrandom(&value, sizeof(value), GRND_NONBLOCK) != sizeof(value))
		value = (uint64_t)(uintptr_t)&value >> 4; // early boot: any place will do
	return limit ? value % limit : 0;
}

// Without a heap yet (no brk call so far) it would begin behind the executable's data.
static bool behind_executable(const struct process *process, uint64_t start)
{
	const struct image *executable = process->image_count ? &process->images[0] : NULL;

	return executable && start >= executable->end && start < executable->end + heap_room;
}

uint64_t space_low(const struct process *process, uint64_t size)
{
	uint64_t pages = 0, chosen;

	for (int pass = 0; pass < 2; pass++) {
		chosen = pass ? random_below(pages) : 0;
		for (size_t i = 0; i <= process->mapping_count; i++) {
			struct gap gap = gap_before(process, i);
			uint64_t choices;

			if (gap.end > low_end)
				gap.end = low_end;
			if (behind_executable(process, gap.start) && process->images[0].end < low_end)
				gap.start = process->images[0].end + heap_room;
			if (gap.start >= gap.end || gap.end - gap.start < size)
				continue;
			choices = (gap.end - gap.start - size) / PAGE + 1;
			if (pass && chosen < choices)
				return gap.start + chosen * PAGE;
			if (pass)
				chosen -= choices;
			else
				pages += choices;
		}
		if (!pages)
			return 0;
	}
	return 0;
}

static bool reaches(const struct image *image, uint64_t start, uint64_t size)
{
	uint64_t low = start < image->start ? start : image->start;
	uint64_t high = start + size > image->end ? start + size : image->end;

	return high - low < reach;
}

// Below the image first (above an executable the heap grows), the nearest place of each gap.
uint64_t space_near(const struct process *process, const struct image *image, uint64_t size, unsigned attempt)
{
	uint64_t shift = attempt * (size + 16 * PAGE);

	for (size_t i = process->mapping_count + 1; i-- > 0;) {
		struct gap gap = gap_before(process, i);

		if (gap.end > image->start || gap.start >= gap.end || gap.end - gap.start < size + shift)
			continue;
		if (reaches(image, gap.end - size - shift, size))
			return gap.end - size - shift;
	}
	for (size_t i = 0; i <= process->mapping_count; i++) {
		struct gap gap = gap_before(process, i);

		if (gap.start < image->end || gap.start >= gap.end || gap.end - gap.start < size + shift)
			continue;
		if (reaches(image, gap.start + shift, size))
			return gap.start + shift;
	}
	return 0;
}
