// SPDX-License-Identifier: MIT
// Small helpers of libhp: errors, memory that belongs to a package, byte order.
#include "formats/package.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int fail(struct hp_error *error, int status, uint32_t chunk, uint64_t offset, const char *format, ...)
{
	va_list arguments;

	if (!error)
		return status;
	error->status = (enum hp_status)status;
	error->chunk = chunk;
	error->offset = offset;
	va_start(arguments, format);
	vsnprintf(error->message, sizeof(error->message), format, arguments);
	va_end(arguments);
	return status;
}

struct pool_block {
	struct pool_block *next;
	_Alignas(16) uint8_t bytes[];
};

void *pool_alloc(struct pool *pool, size_t count, size_t size)
{
	struct pool_block *block;
	size_t total;

	if (__builtin_mul_overflow(count, size, &total) ||
	    __builtin_add_overflow(total, sizeof(*block), &total))
		return NULL;
	block = calloc(1, total);
	if (!block)
		return NULL;
	block->next = pool->blocks;
	pool->blocks = block;
	return block->bytes;
}

void pool_free(struct pool *pool)
{
	while (pool->blocks) {
		struct pool_block *block = pool->blocks;

		pool->blocks = block->next;
		free(block);
	}
}

uint64_t get_le(const uint8_t *bytes, size_t size)
{
	uint64_t value = 0;

	while (size)
		value = value << 8 | bytes[--size];
	return value;
}

void put_le(uint8_t *bytes, uint64_t value, size_t size)
{
	for (size_t i = 0; i < size; i++, value >>= 8)
		bytes[i] = (uint8_t)value;
}

// Code point at TEXT and its length by RFC 3629; length 0: malformed.
static uint32_t next_character(const uint8_t *text, size_t size, size_t *length)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	uint32_t value;

	*length = text[0] < 0x80   ? 1
		  : text[0] < 0xc0 ? 0
		  : text[0] < 0xe0 ? 2
		  : text[0] < 0xf0 ? 3
		  : text[0] < 0xf8 ? 4
				   : 0;
	if (*length <= 1)
		return text[0];
	value = text[0] & (0x7fu >> *length);
	for (size_t i = 1; i < *length; i++) {
		if (i >= size || (text[i] & 0xc0) != 0x80) {
			*length = 0;
			return 0;
		}
		value = value << 6 | (text[i] & 0x3f);
	}
	if (value < least[*length] || value > 0x10ffff || (value >= 0xd800 && value < 0xe000))
		*length = 0;
	return value;
}

bool is_clean_text(const uint8_t *text, size_t size, bool controls)
{
	size_t length;

	for (size_t at = 0; at < size; at += length) {
		uint32_t value = next_character(text + at, size - at, &length);

		if (!length || (!controls && value && (value < 0x20 || (value >= 0x7f && value < 0xa0))))
			return false;
	}
	return true;
}

const char *hp_status_text(int status)
{
	static const char *const texts[] = {"ok",        "io",       "not-a-package", "version",
					    "malformed", "digest",   "limit",         "unsupported",
					    "signature", "overflow", "unresolved",    "memory"};

	return status <= 0 && (size_t)-status < sizeof(texts) / sizeof(texts[0]) ? texts[-status] : "unknown";
}
