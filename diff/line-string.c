// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Source lines inside of strings: `__FILE__ ":" __stringify(__LINE__)`, as the kernel's FORTIFY_SOURCE and many assertions
 * write them:
 *	"field \"dev->perm_addr\" at net/core/dev.c:10296"
 */
#include "diff/model.h"

#include <ctype.h>
#include <string.h>

static const char *text_of(const struct reloc *reloc, uint64_t *size)
{
	const struct unit *unit = reloc->target;
	uint64_t at = (uint64_t)reloc->target_offset;

	if (!unit || unit->kind != UNIT_LITERAL || !(unit->section->flags & SECTION_STRINGS) ||
	    unit->section->entry_size != 1 || !unit->section->data || at >= unit->size)
		return NULL;
	*size = unit->size - at;
	return (const char *)unit->section->data + unit->offset + at;
}

// The number whose digits surround AT; *END is behind it. False when there is none, or it is too large for a line.
static bool number_around(const char *text, uint64_t size, uint64_t at, uint64_t *end, uint64_t *value)
{
	while (at && isdigit((unsigned char)text[at - 1]))
		at--;
	*value = 0;
	for (*end = at; *end < size && isdigit((unsigned char)text[*end]) && *end - at < 9; (*end)++)
		*value = *value * 10 + (uint64_t)(text[*end] - '0');
	return *end > at && !(*end < size && isdigit((unsigned char)text[*end]));
}

bool strings_differ_in_number(const struct reloc *old, const struct reloc *new_reloc, uint64_t *old_value,
			      uint64_t *new_value)
{
	uint64_t left_size, right_size, left_end, right_end, at = 0;
	const char *left = text_of(old, &left_size), *right = text_of(new_reloc, &right_size);

	if (!left || !right)
		return false;
	while (at < left_size && at < right_size && left[at] == right[at])
		at++;
	return number_around(left, left_size, at, &left_end, old_value) &&
	       number_around(right, right_size, at, &right_end, new_value) &&
	       left_size - left_end == right_size - right_end &&
	       !memcmp(left + left_end, right + right_end, left_size - left_end);
}
