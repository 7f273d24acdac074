// SPDX-License-Identifier: GPL-3.0-or-later
// Text, and what of it that nobody vouches for may reach a terminal.
#include "util/util.h"

#include <string.h>

bool starts_with(const char *text, const char *start)
{
	return !strncmp(text, start, strlen(start));
}

// The least and the last value of a second byte; the table of RFC 3629, section 4, and C1 controls (U+0080 to U+009F) left out.
static bool may_follow(uint8_t first, uint8_t second)
{
	uint8_t least = first == 0xc2 || first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
	uint8_t last = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;

	return second >= least && second <= last;
}

size_t text_character(const void *text, size_t size)
{
	const uint8_t *at = text;
	size_t length;

	if (!size || at[0] < 0x20 || at[0] == 0x7f)
		return 0;
	if (at[0] < 0x80)
		return 1;
	length = at[0] < 0xc2 || at[0] > 0xf4 ? 0 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
	if (!length || length > size || !may_follow(at[0], at[1]))
		return 0;
	for (size_t i = 2; i < length; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	return length;
}

bool text_is_printable(const char *text)
{
	size_t size = strlen(text), length;

	for (; size; text += length, size -= length) {
		length = text_character(text, size);
		if (!length)
			return false;
	}
	return true;
}

static bool is_control(const char *text)
{
	const uint8_t *at = (const uint8_t *)text;

	return (*at && *at < 0x20) || *at == 0x7f || (*at == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0);
}

bool text_has_controls(const char *text)
{
	for (; *text; text++)
		if (is_control(text))
			return true;
	return false;
}

void text_hide_controls(char *text)
{
	for (; *text; text++)
		if (is_control(text))
			*text = '?';
}
