// SPDX-License-Identifier: MIT
// A growing buffer for texts and ELF files.
#include "formats/klp-text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buffer_add(struct buffer *buffer, const void *bytes, size_t size)
{
	if (buffer->failed || !size)
		return;
	if (size > buffer->room - buffer->size) {
		size_t room = buffer->room + size + buffer->room / 2 + 256;
		uint8_t *grown = room < size ? NULL : realloc(buffer->at, room);

		if (!grown) {
			buffer->failed = true;
			return;
		}
		buffer->at = grown;
		buffer->room = room;
	}
	if (bytes)
		memcpy(buffer->at + buffer->size, bytes, size);
	else
		memset(buffer->at + buffer->size, 0, size);
	buffer->size += size;
}

void buffer_print(struct buffer *buffer, const char *format, ...)
{
	va_list arguments;
	char *text;
	int length;

	va_start(arguments, format);
	length = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (length < 0) {
		buffer->failed = true;
		return;
	}
	buffer_add(buffer, text, (size_t)length);
	free(text);
}

void buffer_align(struct buffer *buffer, size_t align)
{
	buffer_add(buffer, NULL, -buffer->size & (align - 1));
}

int buffer_take(struct buffer *buffer, uint8_t **bytes, size_t *size, struct hp_error *error)
{
	if (buffer->failed) {
		free(buffer->at);
		return fail(error, HP_MEMORY, HP_NONE, 0, "out of memory");
	}
	*bytes = buffer->at;
	*size = buffer->size;
	return HP_OK;
}

const char *klp_object_name(const struct hp_target *target)
{
	return target->kind == HP_TARGET_LINUX ? "vmlinux" : target->name;
}
