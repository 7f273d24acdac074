// SPDX-License-Identifier: GPL-3.0-or-later
// Checked allocation, the arena, and growing arrays.
#include "util/util.h"

#include <stdlib.h>
#include <string.h>

static _Noreturn void out_of_memory(size_t size)
{
	fprintf(stderr, "out of memory (%zu bytes)\n", size);
	abort();
}

void *xalloc(size_t size)
{
	return xrealloc(NULL, size);
}

void *xrealloc(void *old, size_t size)
{
	void *memory = realloc(old, size ? size : 1);

	if (!memory)
		out_of_memory(size);
	return memory;
}

char *xstrdup(const char *text)
{
	size_t size = strlen(text) + 1;

	return memcpy(xalloc(size), text, size);
}

char *xasprintf(const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		abort();
	va_end(arguments);
	return text;
}

#define BLOCK_SIZE ((size_t)256 << 10)
#define ALIGNMENT  16

struct block {
	struct block *next;
	size_t used, size;
	_Alignas(ALIGNMENT) uint8_t bytes[];
};

struct arena {
	struct block *blocks;
};

struct arena *arena_new(void)
{
	struct arena *arena = xalloc(sizeof(*arena));

	arena->blocks = NULL;
	return arena;
}

void arena_free(struct arena *arena)
{
	struct block *block, *next;

	if (!arena)
		return;
	for (block = arena->blocks; block; block = next) {
		next = block->next;
		free(block);
	}
	free(arena);
}

void *arena_alloc(struct arena *arena, size_t size)
{
	struct block *block = arena->blocks;
	size_t rounded = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
	void *memory;

	if (size > PTRDIFF_MAX / 2)
		out_of_memory(size);
	if (!block || block->size - block->used < rounded) {
		size_t want = rounded > BLOCK_SIZE / 4 ? rounded : BLOCK_SIZE;

		block = xalloc(sizeof(*block) + want);
		block->size = want;
		block->used = 0;
		if (want == rounded &&
		    arena->blocks) { // a large one of its own: keep filling the current block
			block->next = arena->blocks->next;
			arena->blocks->next = block;
		} else {
			block->next = arena->blocks;
			arena->blocks = block;
		}
	}
	memory = block->bytes + block->used;
	block->used += rounded;
	return memset(memory, 0, size);
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(count, size, &total))
		out_of_memory(SIZE_MAX);
	return arena_alloc(arena, total);
}

char *arena_strndup(struct arena *arena, const char *text, size_t length)
{
	char *copy = arena_alloc(arena, length + 1);

	memcpy(copy, text, length);
	return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
	return arena_strndup(arena, text, strlen(text));
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list arguments;
	char *text, *copy;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		abort();
	va_end(arguments);
	copy = arena_strdup(arena, text);
	free(text);
	return copy;
}

void *vec_grow(void *at, size_t *room, size_t size)
{
	size_t total;

	*room = *room ? *room * 2 : 8;
	if (__builtin_mul_overflow(*room, size, &total))
		out_of_memory(SIZE_MAX);
	return xrealloc(at, total);
}
