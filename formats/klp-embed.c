// SPDX-License-Identifier: MIT
// A finished livepatch module inside a package (doc/hp-format.md, "KMOD"):
//
//	u32 version (1), u32 size of build ID, build ID, u32 size of name, name, u64 size of module, module
#include "formats/klp-text.h"

#include <string.h>

#define EMBED_VERSION 1u

static void add_number(struct buffer *to, uint64_t value, size_t size)
{
	uint8_t bytes[8];

	put_le(bytes, value, size);
	buffer_add(to, bytes, size);
}

int klp_embed(const struct klp_embedded *embedded, uint8_t **bytes, size_t *size, struct hp_error *error)
{
	struct buffer to = {0};

	add_number(&to, EMBED_VERSION, 4);
	add_number(&to, embedded->build_id_size, 4);
	buffer_add(&to, embedded->build_id, embedded->build_id_size);
	add_number(&to, strlen(embedded->name) + 1, 4);
	buffer_add(&to, embedded->name, strlen(embedded->name) + 1);
	add_number(&to, embedded->module_size, 8);
	buffer_add(&to, embedded->module, embedded->module_size);
	return buffer_take(&to, bytes, size, error);
}

struct cursor {
	const uint8_t *at;
	size_t left;
	bool bad;
};

static const uint8_t *take(struct cursor *cursor, uint64_t size)
{
	const uint8_t *at = cursor->at;

	if (cursor->bad || size > cursor->left) {
		cursor->bad = true;
		return NULL;
	}
	cursor->at += size;
	cursor->left -= size;
	return at;
}

static uint64_t take_number(struct cursor *cursor, size_t size)
{
	const uint8_t *at = take(cursor, size);

	return at ? get_le(at, size) : 0;
}

int klp_embedded(const struct hp_chunk *chunk, struct klp_embedded *embedded, struct hp_error *error)
{
	struct cursor cursor = {.at = chunk->data, .left = chunk->raw_size};
	uint64_t version = take_number(&cursor, 4), name_size;
	bool named;

	if (!cursor.bad && version != EMBED_VERSION)
		return fail(error, HP_UNSUPPORTED, HP_NONE, 0, "embedded module of unknown version %llu",
			    (unsigned long long)version);
	embedded->build_id_size = take_number(&cursor, 4);
	embedded->build_id = take(&cursor, embedded->build_id_size);
	name_size = take_number(&cursor, 4);
	embedded->name = (const char *)take(&cursor, name_size);
	embedded->module_size = take_number(&cursor, 8);
	embedded->module = take(&cursor, embedded->module_size);
	named = !cursor.bad && name_size > 1 && name_size <= KLP_NAME_SIZE &&
		memchr(embedded->name, 0, name_size) == embedded->name + name_size - 1 &&
		strspn(embedded->name, "abcdefghijklmnopqrstuvwxyz0123456789_") + 1 == name_size;
	if (!named || cursor.left || !embedded->build_id_size || embedded->build_id_size > BUILD_ID_MAX)
		return fail(error, HP_MALFORMED, HP_NONE, 0, "the embedded module's record cannot be");
	return HP_OK;
}
