// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Run-pre matching, one section: its bytes with relocated fields masked, then the fields. And looking for a section
 * by its bytes alone.
 */
#include "create/match-private.h"

#include <elf.h>
#include <string.h>

struct comparison {
	const struct matching *matching;
	const struct section *section;
	const uint8_t *bytes; // of the image, where the section would be
	uint64_t vaddr, from, to;
	struct difference *difference;
};

PRINTF_LIKE(3, 4)
static bool differs(const struct comparison *comparison, uint64_t offset, const char *format, ...)
{
	char text[200];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	*comparison->difference =
		(struct difference){offset, arena_strdup(comparison->matching->arena, text)};
	return false;
}

static bool same_bytes(const struct comparison *comparison, uint64_t from, uint64_t to)
{
	const uint8_t *old = comparison->section->data, *now = comparison->bytes;

	if (from >= to || !memcmp(old + from, now + from, to - from))
		return true;
	while (old[from] == now[from])
		from++;
	return differs(comparison, from, "byte 0x%02x in the image instead of 0x%02x", now[from], old[from]);
}

static void describe_place(const struct comparison *comparison, size_t i, struct link_place *place)
{
	const struct section *section = comparison->section;
	const struct reloc *reloc = &section->relocs[i];

	*place = (struct link_place){
		.object = section->data,
		.image = comparison->bytes,
		.size = section->size,
		.offset = reloc->offset,
		.vaddr = comparison->vaddr + reloc->offset,
		.info = reloc->info,
		.code = section->flags & SECTION_EXEC,
		.executable = comparison->matching->image->executable,
	};
	if (i + 1 < section->reloc_count) {
		place->next_info = section->relocs[i + 1].info;
		place->next_offset = section->relocs[i + 1].offset;
	}
}

// Index of the first relocation at or behind OFFSET.
static size_t first_reloc(const struct section *section, uint64_t offset)
{
	size_t low = 0, high = section->reloc_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (section->relocs[middle].offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool compare_fields(const struct comparison *comparison, struct candidate *list, size_t room)
{
	const struct section *section = comparison->section;
	uint64_t at = comparison->from;

	for (size_t i = first_reloc(section, at); i < section->reloc_count;) {
		const struct reloc *reloc = &section->relocs[i];
		struct linked_field field = {0};
		struct observation seen;
		struct link_place place;
		const char *what = NULL;
		uint64_t wrong_at;

		if (reloc->offset >= comparison->to)
			break;
		if (reloc->info->kind == RELOC_NONE) {
			i++;
			continue;
		}
		describe_place(comparison, i, &place);
		if (section->size - reloc->offset < reloc->info->size)
			return differs(comparison, reloc->offset,
				       "a relocation reaches outside of the section");
		if (!comparison->matching->link->read_field(&place, &field, &wrong_at)) {
			if (!same_bytes(comparison, at, reloc->offset))
				return false;
			return differs(comparison, wrong_at, "not what a linker makes of %s",
				       reloc->info->name);
		}
		if (reloc->offset - at < field.before || reloc->offset < at)
			return differs(comparison, reloc->offset, "relocations that overlap");
		if (!same_bytes(comparison, at, reloc->offset - field.before))
			return false;
		if (!match_observe(comparison->matching, section, reloc, &field, place.vaddr, &seen, &what))
			return differs(comparison, reloc->offset, "%s", what ? what : "a strange reference");
		if (list && list->observation_count < room)
			list->observations[list->observation_count++] = seen;
		at = reloc->offset + reloc->info->size + field.after;
		if (at > comparison->to)
			return differs(comparison, reloc->offset,
				       "a relocation reaches outside of the section");
		i += field.relocs ? field.relocs : 1;
	}
	return same_bytes(comparison, at, comparison->to);
}

static uint32_t needed_flags(const struct image *image, const struct section *section)
{
	if (section->flags & SECTION_EXEC)
		return PF_R | PF_X;
	// A kernel writes data that become read-only when it has started (.data..ro_after_init) through another mapping.
	if (image->kernel)
		return PF_R;
	// The initial bytes of thread-local data are only read.
	return section->flags & SECTION_WRITE && !(section->flags & SECTION_TLS) ? PF_R | PF_W : PF_R;
}

static bool is_zero(const struct matching *matching, const struct section *section, uint64_t vaddr)
{
	static const uint8_t zero[256];
	const struct image *image = matching->image;
	uint8_t bytes[sizeof(zero)];

	if (section->flags & SECTION_TLS)
		return vaddr >= image->tls_vaddr && vaddr - image->tls_vaddr <= image->tls_size &&
		       section->size <= image->tls_size - (vaddr - image->tls_vaddr);
	if (!image_mapped(image, vaddr, section->size, needed_flags(image, section)))
		return false;
	for (uint64_t at = 0; at < section->size;) {
		uint64_t part = section->size - at < sizeof(zero) ? section->size - at : sizeof(zero);

		// Behind the file's part there are zeroes for certain.
		if (!image_bytes(image, vaddr + at, part) && !image_bytes(image, vaddr + at, 1))
			return true;
		if (!image_read(image, vaddr + at, bytes, part) || memcmp(bytes, zero, part) != 0)
			return false;
		at += part;
	}
	return true;
}

// resolve_btfids writes type numbers into vmlinux when it is linked (include/linux/btf_ids.h).
static bool is_filled_later(const struct section *section)
{
	return !strcmp(section->name, ".BTF_ids");
}

bool match_compare(const struct matching *matching, const struct section *section, uint64_t from, uint64_t to,
		   uint64_t vaddr, struct candidate *list, struct difference *difference)
{
	struct comparison comparison = {matching, section, NULL, vaddr, from, to, difference};
	size_t room = section->reloc_count;

	if (list) {
		*list = (struct candidate){.vaddr = vaddr};
		list->observations = arena_array(matching->arena, room + 1, sizeof(*list->observations));
	}
	if (section->align > 1 && vaddr & (section->align - 1))
		return differs(&comparison, from, "its place is not aligned to %llu",
			       (unsigned long long)section->align);
	// struct lock_class_key is empty where lockdep is off: `__key` in a .bss without a byte, which may lie anywhere.
	if (!section->size)
		return true;
	if (!section->data || section->flags & SECTION_ZERO)
		return is_zero(matching, section, vaddr) || differs(&comparison, from, "not zeroed memory");
	if (!section->size)
		return true;
	if (!image_mapped(matching->image, vaddr, section->size, needed_flags(matching->image, section)))
		return differs(&comparison, from, "no such memory at its place");
	if (is_filled_later(section))
		return true;
	comparison.bytes = image_bytes(matching->image, vaddr, section->size);
	if (!comparison.bytes)
		return differs(&comparison, from, "no bytes in the image");
	return compare_fields(&comparison, list, room);
}

// ---- searching -----------------------------------------------------------------------------------

enum { ANCHOR_MIN = 6, CANDIDATES_MAX = 64, HITS_MAX = 1 << 14 };

// Bytes around a relocated field that no linker rewrites start this far from it.
enum { REWRITTEN_BEFORE = 4, REWRITTEN_AFTER = 9 };

// The longest stretch of a section that is the same in every link of it.
static uint64_t find_anchor(const struct section *section, uint64_t *length)
{
	uint64_t best = 0, start = 0;

	*length = 0;
	for (size_t i = 0; i <= section->reloc_count; i++) {
		uint64_t end = section->size;

		if (i < section->reloc_count) {
			const struct reloc *reloc = &section->relocs[i];

			end = reloc->info->relaxable && reloc->offset > REWRITTEN_BEFORE
				      ? reloc->offset - REWRITTEN_BEFORE
				      : reloc->offset;
		}
		if (end > start && end - start > *length) {
			best = start;
			*length = end - start;
		}
		if (i < section->reloc_count) {
			const struct reloc *reloc = &section->relocs[i];

			start = reloc->offset + reloc->info->size +
				(reloc->info->relaxable ? REWRITTEN_AFTER : 0);
		}
	}
	return best;
}

void match_search(struct matching *matching, const struct section *section)
{
	struct section_place *place = &matching->sections[section->index];
	const struct image *image = matching->image;
	uint64_t length, anchor = find_anchor(section, &length);
	unsigned hits = 0;

	if (length < ANCHOR_MIN || !section->data)
		return;
	for (size_t i = 0; i < image->segment_count; i++) {
		const struct hp_segment *segment = &image->segments[i];
		const uint8_t *start = image_bytes(image, segment->vaddr, segment->file_size), *at = start;
		const uint8_t *end = start ? start + segment->file_size : NULL;

		if (!start || !(segment->flags & PF_X))
			continue;
		while ((at = memmem(at, (size_t)(end - at), section->data + anchor, length))) {
			uint64_t vaddr = segment->vaddr + (uint64_t)(at - start) - anchor;
			struct difference ignored;
			struct candidate found;

			at++;
			if (++hits > HITS_MAX) {
				place->candidates.count = 0; // not all places were looked at
				return;
			}
			if (vaddr & (section->align > 1 ? section->align - 1 : 0) ||
			    !match_compare(matching, section, 0, section->size, vaddr, NULL, &ignored))
				continue;
			match_compare(matching, section, 0, section->size, vaddr, &found, &ignored);
			*vec_push(&place->candidates) = found;
			if (place->candidates.count == CANDIDATES_MAX)
				return;
		}
	}
}
