// SPDX-License-Identifier: GPL-3.0-or-later
// Texts, hashes and maps that are not GCC's: its own would have the garbage collector look at them.
#include "facts.h"

void text_add(struct text *text, const void *data, size_t size)
{
	if (text->size + size + 1 > text->room) {
		text->room = 2 * (text->size + size + 1);
		text->at = (char *)xrealloc(text->at, text->room);
	}
	memcpy(text->at + text->size, data, size);
	text->size += size;
	text->at[text->size] = '\0';
}

void text_print(struct text *text, const char *format, ...)
{
	va_list arguments;
	char *printed;

	va_start(arguments, format);
	printed = xvasprintf(format, arguments);
	va_end(arguments);
	text_add(text, printed, strlen(printed));
	free(printed);
}

void text_free(struct text *text)
{
	free(text->at);
	memset(text, 0, sizeof(*text));
}

void mix_bytes(uint64_t *hash, const void *data, size_t size)
{
	const unsigned char *at = (const unsigned char *)data;

	for (size_t i = 0; i < size; i++)
		mix_in(hash, at[i]);
	mix_in(hash, size);
}

void mix_text(uint64_t *hash, const char *text)
{
	mix_bytes(hash, text ? text : "", text ? strlen(text) : 0);
}

static size_t place_of(const struct numbers *numbers, uint64_t key)
{
	size_t at = (size_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (numbers->room - 1);

	while (numbers->at[at].key && numbers->at[at].key != key)
		at = (at + 1) & (numbers->room - 1);
	return at;
}

size_t *numbers_put(struct numbers *numbers, uint64_t key)
{
	size_t at;

	if (2 * numbers->count >= numbers->room) {
		struct numbers old = *numbers;

		numbers->room = old.room ? 2 * old.room : 64;
		numbers->at = (decltype(numbers->at))xcalloc(numbers->room, sizeof(*numbers->at));
		for (size_t i = 0; i < old.room; i++)
			if (old.at[i].key)
				numbers->at[place_of(numbers, old.at[i].key)] = old.at[i];
		free(old.at);
	}
	at = place_of(numbers, key);
	if (!numbers->at[at].key) {
		numbers->at[at].key = key;
		numbers->count++;
	}
	return &numbers->at[at].value;
}

size_t numbers_get(const struct numbers *numbers, uint64_t key)
{
	return numbers->room ? numbers->at[place_of(numbers, key)].value : 0;
}
