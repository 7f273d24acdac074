// SPDX-License-Identifier: MIT
// The TARG chunk: a target record, its tables and its strings (doc/hp-format.md, "Target").
#include "formats/package.h"

#include <stdlib.h>
#include <string.h>

// One description of every record serves reading and writing: the two cannot disagree.
struct coder {
	bool decoding;
	struct hp_error *error;
	int status;
	// decoding
	struct pool *pool;
	const uint8_t *bytes;
	size_t size, at;
	uint32_t chunk;
	const char *strings;
	size_t strings_size;
	// encoding
	uint8_t *out;
	size_t out_size, out_room;
	char *texts;
	size_t texts_size, texts_room;
};

static void stop(struct coder *coder, int status, const char *message)
{
	if (!coder->status)
		coder->status = fail(coder->error, status, coder->chunk, coder->at, "%s", message);
}

static void *grow(struct coder *coder, void *at, size_t *room, size_t want)
{
	size_t larger = *room ? *room : 1024;
	void *moved;

	while (larger < want)
		larger *= 2;
	if (larger == *room)
		return at;
	moved = realloc(at, larger);
	if (!moved) {
		stop(coder, HP_MEMORY, "out of memory");
		return at;
	}
	*room = larger;
	return moved;
}

static uint8_t *more_out(struct coder *coder, size_t size)
{
	coder->out = grow(coder, coder->out, &coder->out_room, coder->out_size + size);
	if (coder->status)
		return NULL;
	coder->out_size += size;
	return coder->out + coder->out_size - size;
}

static const uint8_t *more_in(struct coder *coder, size_t size)
{
	if (coder->status)
		return NULL;
	if (size > coder->size - coder->at) {
		stop(coder, HP_MALFORMED, "the target record ends too early");
		return NULL;
	}
	coder->at += size;
	return coder->bytes + coder->at - size;
}

static uint64_t number(struct coder *coder, uint64_t value, size_t size)
{
	if (coder->decoding) {
		const uint8_t *in = more_in(coder, size);

		return in ? get_le(in, size) : 0;
	}
	if (size < 8 && value >> size * 8) {
		stop(coder, HP_MALFORMED, "a number does not fit its field");
		return 0;
	}
	uint8_t *out = more_out(coder, size);

	if (out)
		put_le(out, value, size);
	return value;
}
#define NUMBER(field, size) ((field) = (__typeof__(field))number(coder, (uint64_t)(field), size))

static void raw(struct coder *coder, uint8_t *field, size_t size)
{
	if (coder->decoding) {
		const uint8_t *in = more_in(coder, size);

		if (in)
			memcpy(field, in, size);
	} else {
		uint8_t *out = more_out(coder, size);

		if (out)
			memcpy(out, field, size);
	}
}

// Offset of TEXT among the strings; equal strings are kept once. 0 stands for "none".
static uint64_t add_text(struct coder *coder, const char *text)
{
	size_t length = strlen(text) + 1, at = 1;

	while (at < coder->texts_size) {
		if (!strcmp(coder->texts + at, text))
			return at;
		at += strlen(coder->texts + at) + 1;
	}
	coder->texts = grow(coder, coder->texts, &coder->texts_room, at + length);
	if (coder->status)
		return 0;
	memcpy(coder->texts + at, text, length);
	coder->texts_size = at + length;
	return at;
}

static void text(struct coder *coder, const char **field)
{
	uint64_t at = number(coder, !coder->decoding && *field ? add_text(coder, *field) : 0, 4);

	if (!coder->decoding)
		return;
	*field = NULL;
	if (coder->status || !at)
		return;
	if (at >= coder->strings_size) {
		stop(coder, HP_MALFORMED, "a name lies outside of the strings");
		return;
	}
	*field = coder->strings + at;
}

static void segment(struct coder *coder, struct hp_segment *segment)
{
	NUMBER(segment->vaddr, 8);
	NUMBER(segment->offset, 8);
	NUMBER(segment->file_size, 8);
	NUMBER(segment->memory_size, 8);
	NUMBER(segment->align, 8);
	NUMBER(segment->flags, 4);
}

static void section(struct coder *coder, struct hp_image_section *section)
{
	text(coder, &section->name);
	NUMBER(section->type, 4);
	NUMBER(section->vaddr, 8);
	NUMBER(section->size, 8);
	NUMBER(section->flags, 8);
}

static void function(struct coder *coder, struct hp_function *function)
{
	text(coder, &function->name);
	text(coder, &function->object);
	NUMBER(function->vaddr, 8);
	NUMBER(function->old_size, 8);
	NUMBER(function->symbol, 4);
	NUMBER(function->prologue, 4);
	NUMBER(function->jump_offset, 4);
	NUMBER(function->jump_size, 4);
	NUMBER(function->flags, 4);
	NUMBER(function->position, 4);
	NUMBER(function->pad_before, 4);
	NUMBER(function->pad_after, 4);
	raw(coder, function->old_hash, sizeof(function->old_hash));
	raw(coder, function->old_bytes, sizeof(function->old_bytes));
}

static void part(struct coder *coder, struct hp_part *part)
{
	NUMBER(part->function, 4);
	NUMBER(part->symbol, 4);
	NUMBER(part->vaddr, 8);
	NUMBER(part->size, 8);
}

static void mask(struct coder *coder, struct hp_mask *mask)
{
	NUMBER(mask->function, 4);
	NUMBER(mask->offset, 4);
	NUMBER(mask->size, 4);
}

static void binding(struct coder *coder, struct hp_binding *binding)
{
	NUMBER(binding->symbol, 4);
	NUMBER(binding->kind, 4);
	NUMBER(binding->flags, 4);
	NUMBER(binding->position, 4);
	NUMBER(binding->vaddr, 8);
	NUMBER(binding->addend, 8);
	text(coder, &binding->name);
	text(coder, &binding->version);
	text(coder, &binding->object);
}

static void state(struct coder *coder, struct hp_state *state)
{
	NUMBER(state->symbol, 4);
	text(coder, &state->object);
	text(coder, &state->owner);
	text(coder, &state->name);
	NUMBER(state->size, 8);
	NUMBER(state->align, 8);
	raw(coder, state->initial_hash, sizeof(state->initial_hash));
}

static void hook(struct coder *coder, struct hp_hook *hook)
{
	NUMBER(hook->phase, 4);
	NUMBER(hook->symbol, 4);
}

// What a record takes at the least in the chunk: a count from a file is checked against it before memory is taken.
#define TABLE(type, field, count_field, code, least)                                                         \
	do {                                                                                                 \
		struct type *table = NULL;                                                                   \
                                                                                                             \
		if (coder->decoding) {                                                                       \
			if (!coder->status && target->count_field > (coder->size - coder->at) / (least))     \
				stop(coder, HP_MALFORMED, "a table is longer than the record");              \
			table = coder->status                                                                \
					? NULL                                                               \
					: pool_alloc(coder->pool, target->count_field, sizeof(*table));      \
			if (!table)                                                                          \
				stop(coder, HP_MEMORY, "out of memory");                                     \
			target->field = table;                                                               \
		}                                                                                            \
		for (size_t i = 0; i < target->count_field && !coder->status; i++) {                         \
			struct type record = {0};                                                            \
                                                                                                             \
			if (!coder->decoding)                                                                \
				record = target->field[i];                                                   \
			code(coder, &record);                                                                \
			if (table)                                                                           \
				table[i] = record;                                                           \
		}                                                                                            \
	} while (0)

static void code_target(struct coder *coder, struct hp_target *target)
{
	NUMBER(target->kind, 4);
	NUMBER(target->flags, 4);
	NUMBER(target->machine, 2);
	NUMBER(target->elf_type, 2);
	NUMBER(target->build_id_size, 4);
	NUMBER(target->tls_size, 8);
	NUMBER(target->tls_align, 8);
	text(coder, &target->name);
	text(coder, &target->soname);
	NUMBER(target->segment_count, 4);
	NUMBER(target->section_count, 4);
	NUMBER(target->function_count, 4);
	NUMBER(target->part_count, 4);
	NUMBER(target->mask_count, 4);
	NUMBER(target->binding_count, 4);
	NUMBER(target->state_count, 4);
	NUMBER(target->hook_count, 4);
	if (coder->decoding)
		target->build_id = more_in(coder, target->build_id_size);
	else if (!coder->status) {
		uint8_t *out = more_out(coder, target->build_id_size);

		if (out)
			memcpy(out, target->build_id, target->build_id_size);
	}
	TABLE(hp_segment, segments, segment_count, segment, 44);
	TABLE(hp_image_section, sections, section_count, section, 32);
	TABLE(hp_function, functions, function_count, function, 120);
	TABLE(hp_part, parts, part_count, part, 24);
	TABLE(hp_mask, masks, mask_count, mask, 12);
	TABLE(hp_binding, bindings, binding_count, binding, 44);
	TABLE(hp_state, states, state_count, state, 64);
	TABLE(hp_hook, hooks, hook_count, hook, 8);
}

int decode_target(struct pool *pool, const uint8_t *bytes, size_t size, uint32_t chunk,
		  struct hp_target *target, struct hp_error *error)
{
	struct coder coder = {
		.decoding = true, .error = error, .pool = pool, .bytes = bytes, .size = size, .chunk = chunk};
	uint64_t strings;

	// The strings' size comes first and the strings last: a NUL at either end makes every name end inside.
	if (size < 5)
		return fail(error, HP_MALFORMED, chunk, 0, "the target record is too short");
	strings = get_le(bytes, 4);
	if (!strings || strings > size - 4)
		return fail(error, HP_MALFORMED, chunk, 0, "the strings are larger than the target record");
	coder.strings = (const char *)bytes + size - strings;
	coder.strings_size = strings;
	if (coder.strings[0] || coder.strings[strings - 1])
		return fail(error, HP_MALFORMED, chunk, size - strings,
			    "the strings do not begin and end with a NUL");
	if (!is_clean_text(bytes + size - strings, strings, false))
		return fail(error, HP_MALFORMED, chunk, size - strings,
			    "a name is not UTF-8 or holds control characters");
	coder.size = size - strings;
	coder.at = 4;
	code_target(&coder, target);
	if (coder.status)
		return coder.status;
	if (coder.at != coder.size)
		return fail(error, HP_MALFORMED, chunk, coder.at, "bytes between the tables and the strings");
	return check_target(target, chunk, error);
}

int encode_target(const struct hp_target *target, uint8_t **bytes, size_t *size, struct hp_error *error)
{
	struct coder coder = {.error = error, .chunk = HP_NONE};
	struct hp_target copy = *target;
	uint8_t *out;
	int status = check_target(target, HP_NONE, error);

	*bytes = NULL;
	if (status)
		return status;
	coder.texts = grow(&coder, NULL, &coder.texts_room, 1);
	if (!coder.status) {
		coder.texts[0] = 0;
		coder.texts_size = 1;
		more_out(&coder, 4);
	}
	if (!coder.status)
		code_target(&coder, &copy);
	out = coder.status ? NULL : more_out(&coder, coder.texts_size);
	if (out) {
		memcpy(out, coder.texts, coder.texts_size);
		put_le(coder.out, coder.texts_size, 4);
	}
	free(coder.texts);
	if (coder.status) {
		free(coder.out);
		return coder.status;
	}
	*bytes = coder.out;
	*size = coder.out_size;
	return HP_OK;
}
