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

const char *hp_status_text(int status)
{
	static const char *const texts[] = {"ok",        "io",       "not-a-package", "version",
					    "malformed", "digest",   "limit",         "unsupported",
					    "signature", "overflow", "unresolved",    "memory"};

	return status <= 0 && (size_t)-status < sizeof(texts) / sizeof(texts[0]) ? texts[-status] : "unknown";
}
