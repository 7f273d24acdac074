// SPDX-License-Identifier: GPL-3.0-or-later
// Finds .eh_frame where no program header tells: `gcc -static` does not ask the linker for .eh_frame_hdr, the
// start-up code registers the section by its address instead (GCC, libgcc/crtstuff.c).
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "apply/unwind-private.h"

static const uint64_t SEGMENT_MAX = UINT64_C(1) << 28;
enum { CIE_MIN = 16, CIE_MAX = 64 };

// Does a CIE of x86-64 start here? Length, id 0, version 1, "z...", code alignment 1, data alignment -8, column 16.
static bool looks_like_cie(const uint8_t *at, size_t left)
{
	static const uint8_t numbers[] = {0x01, 0x78, CFI_RETURN};
	uint32_t length, id;
	size_t letters;

	if (left < CIE_MIN + 4)
		return false;
	memcpy(&length, at, 4);
	memcpy(&id, at + 4, 4);
	if (id != 0 || length < CIE_MIN || length > CIE_MAX || length > left - 4 || at[8] != 1 ||
	    at[9] != 'z')
		return false;
	letters = strnlen((const char *)at + 9, 8);
	return 10 + letters + sizeof(numbers) <= length + 4 &&
	       !memcmp(at + 10 + letters, numbers, sizeof(numbers));
}

// Records from there on are contiguous up to a terminator, and describe code of the image.
static bool is_eh_frame(const struct image *image, const uint8_t *bytes, size_t size, uint64_t address)
{
	struct cfi_section section = {.bytes = bytes, .size = size, .address = address};
	cfi_entries entries = {0};
	bool whole = cfi_collect(&section, 0, image->start, image->end, &entries),
	     found = whole && entries.count;

	free(entries.at);
	return found;
}

static uint64_t search_segment(const struct process *process, const struct image *image,
			       const struct image_segment *segment)
{
	uint64_t start = image->bias + segment->vaddr, found = 0;
	uint8_t *bytes = segment->file_size <= SEGMENT_MAX ? malloc(segment->file_size) : NULL;

	if (!bytes || process_read(process, start, bytes, segment->file_size)) {
		free(bytes);
		return 0;
	}
	for (uint64_t at = (0 - start) & 7; at < segment->file_size && !found; at += 8) {
		size_t left = segment->file_size - at;

		if (looks_like_cie(bytes + at, left) && is_eh_frame(image, bytes + at, left, start + at))
			found = start + at;
	}
	free(bytes);
	return found;
}

uint64_t unwind_search_eh_frame(const struct process *process, const struct image *image)
{
	uint64_t found = 0;

	for (size_t i = 0; i < image->segment_count && !found; i++) {
		const struct image_segment *segment = &image->segments[i];

		if ((segment->flags & (PF_R | PF_W | PF_X)) == PF_R && segment->file_size)
			found = search_segment(process, image, segment);
	}
	return found;
}
