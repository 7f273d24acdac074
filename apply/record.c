// SPDX-License-Identifier: GPL-3.0-or-later
// Encoding and decoding of the control block's records. doc/control-block.md is the specification.
#include "apply/record.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { TEXT_MAX = 4096, COUNT_MAX = 65536 };

static bool take(struct cursor *cursor, void *to, size_t size)
{
	if (cursor->bad || size > (size_t)(cursor->end - cursor->at)) {
		cursor->bad = true;
		memset(to, 0, size);
		return false;
	}
	memcpy(to, cursor->at, size);
	cursor->at += size;
	return true;
}

static uint32_t take32(struct cursor *cursor)
{
	uint32_t value;

	take(cursor, &value, sizeof(value));
	return value;
}

static uint64_t take64(struct cursor *cursor)
{
	uint64_t value;

	take(cursor, &value, sizeof(value));
	return value;
}

// Texts reach terminals and logs: what could move a cursor or break a line is replaced.
static const char *take_text(struct cursor *cursor)
{
	uint32_t length = take32(cursor);
	char *text;

	if (length > TEXT_MAX || length > (size_t)(cursor->end - cursor->at)) {
		cursor->bad = true;
		return "";
	}
	text = arena_alloc(cursor->arena, length + 1);
	take(cursor, text, length);
	for (uint32_t i = 0; i < length; i++) {
		if ((unsigned char)text[i] < 0x20 || (unsigned char)text[i] > 0x7e)
			text[i] = '?';
	}
	return text;
}

// A count of things of at least SIZE bytes each, which must all be there.
static uint32_t take_count(struct cursor *cursor, size_t size)
{
	uint32_t count = take32(cursor);

	if (count > COUNT_MAX || count > (size_t)(cursor->end - cursor->at) / size) {
		cursor->bad = true;
		return 0;
	}
	return count;
}

static struct control_texts take_texts(struct cursor *cursor)
{
	struct control_texts texts = {.count = take_count(cursor, 4)};

	texts.at = arena_array(cursor->arena, texts.count + 1, sizeof(char *));
	for (uint32_t i = 0; i < texts.count; i++)
		texts.at[i] = take_text(cursor);
	return texts;
}

static struct control_range take_range(struct cursor *cursor)
{
	struct control_range range = {.start = take64(cursor)};

	range.end = take64(cursor);
	cursor->bad |= range.start > range.end;
	return range;
}

static bool extent_ok(uint64_t address, uint64_t size)
{
	return address <= INT64_MAX && size <= INT64_MAX - address;
}

static void decode_image(struct cursor *cursor, struct control_image *image)
{
	image->base = take64(cursor);
	image->bias = take64(cursor);
	image->start = take64(cursor);
	image->end = take64(cursor);
	image->build_id_size = take32(cursor);
	if (image->build_id_size > BUILD_ID_MAX)
		cursor->bad = true;
	else
		take(cursor, image->build_id, image->build_id_size);
	image->name = take_text(cursor);
	cursor->bad |= image->start > image->end;
}

static void decode_region(struct cursor *cursor, struct control_region *region)
{
	region->image = take32(cursor);
	region->protection = take32(cursor);
	region->address = take64(cursor);
	region->size = take64(cursor);
	cursor->bad |= !extent_ok(region->address, region->size);
}

static void decode_package(struct cursor *cursor, struct control_package *package)
{
	take(cursor, package->digest, sizeof(package->digest));
	package->id = take_text(cursor);
	package->title = take_text(cursor);
	package->fixes = take_texts(cursor);
	package->requires = take_texts(cursor);
	package->supersedes = take_texts(cursor);
}

static void decode_code(struct cursor *cursor, struct control_code *code)
{
	code->package = take32(cursor);
	code->image = take32(cursor);
	code->address = take64(cursor);
	code->size = take64(cursor);
	code->eh_frame = take64(cursor);
	code->eh_frame_size = take64(cursor);
	code->data = take64(cursor);
	code->data_size = take64(cursor);
	take(cursor, code->hash, sizeof(code->hash));
	cursor->bad |= !extent_ok(code->address, code->size) || !extent_ok(code->data, code->data_size) ||
		       !extent_ok(code->eh_frame, code->eh_frame_size);
}

static void decode_function(struct cursor *cursor, struct control_function *function)
{
	function->image = take32(cursor);
	function->jump_size = take32(cursor);
	function->entry = take64(cursor);
	function->jump = take64(cursor);
	function->old_size = take64(cursor);
	take(cursor, function->old_hash, sizeof(function->old_hash));
	function->original_size = take32(cursor);
	if (function->original_size > CONTROL_ENTRY_MAX || function->original_size < ENTRY_JUMP_SIZE)
		cursor->bad = true;
	else
		take(cursor, function->original, function->original_size);
	function->prologue = take64(cursor);
	function->prologue_size = take64(cursor);
	function->name = take_text(cursor);
	function->part_count = take_count(cursor, 16);
	function->parts = arena_array(cursor->arena, function->part_count + 1, sizeof(struct control_range));
	for (uint32_t i = 0; i < function->part_count; i++)
		function->parts[i] = take_range(cursor);
	cursor->bad |= !extent_ok(function->entry, function->old_size) ||
		       !extent_ok(function->prologue, function->prologue_size) ||
		       function->jump < function->entry ||
		       function->jump - function->entry > CONTROL_ENTRY_MAX;
}

static void decode_state(struct cursor *cursor, struct control_state *state)
{
	state->package = take32(cursor);
	state->image = take32(cursor);
	state->address = take64(cursor);
	state->size = take64(cursor);
	state->align = take64(cursor);
	take(cursor, state->hash, sizeof(state->hash));
	state->object = take_text(cursor);
	state->owner = take_text(cursor);
	state->name = take_text(cursor);
	cursor->bad |= !extent_ok(state->address, state->size);
}

static void decode_generation(struct cursor *cursor, struct control_generation *generation)
{
	generation->number = take64(cursor);
	generation->before = take64(cursor);
	generation->package_count = take_count(cursor, 4);
	generation->packages = arena_array(cursor->arena, generation->package_count + 1, sizeof(uint32_t));
	for (uint32_t i = 0; i < generation->package_count; i++)
		generation->packages[i] = take32(cursor);
}

// An index in a record may name only what came before it.
static bool indices_ok(const struct control *control, uint32_t image, uint32_t package)
{
	return image < control->images.count && package < control->packages.count;
}

static bool decode_code_record(struct control *control, struct cursor *cursor)
{
	struct control_code code = {0};

	decode_code(cursor, &code);
	if (cursor->bad || !indices_ok(control, code.image, code.package))
		return false;
	*vec_push(&control->codes) = code;
	return true;
}

static bool decode_body_record(struct control *control, struct cursor *cursor)
{
	struct control_body body = {.package = take32(cursor)};

	body.function = take32(cursor);
	body.address = take64(cursor);
	if (cursor->bad || body.package >= control->packages.count ||
	    body.function >= control->functions.count)
		return false;
	*vec_push(&control->bodies) = body;
	return true;
}

static bool decode_trampoline_record(struct control *control, struct cursor *cursor)
{
	struct control_trampoline trampoline = {.function = take32(cursor)};

	trampoline.body = take32(cursor);
	trampoline.generation = take64(cursor);
	trampoline.address = take64(cursor);
	trampoline.previous = take64(cursor);
	if (cursor->bad || trampoline.function >= control->functions.count ||
	    (trampoline.body != CONTROL_NONE && trampoline.body >= control->bodies.count) ||
	    trampoline.generation >= GENERATION_NEVER)
		return false;
	*vec_push(&control->trampolines) = trampoline;
	return true;
}

static bool decode_generation_record(struct control *control, struct cursor *cursor)
{
	struct control_generation generation = {0};

	decode_generation(cursor, &generation);
	for (uint32_t i = 0; i < generation.package_count; i++)
		cursor->bad |= generation.packages[i] >= control->packages.count;
	if (cursor->bad || !generation.number || generation.number >= GENERATION_NEVER)
		return false;
	*vec_push(&control->generations) = generation;
	return true;
}

static bool decode_other(struct control *control, uint32_t type, struct cursor *cursor)
{
	struct control_image image = {0};
	struct control_region region = {0};
	struct control_package package = {0};
	struct control_function function = {0};
	struct control_state state = {0};

	switch (type) {
	case RECORD_IMAGE:
		decode_image(cursor, &image);
		*vec_push(&control->images) = image;
		return !cursor->bad;
	case RECORD_REGION:
		decode_region(cursor, &region);
		*vec_push(&control->regions) = region;
		return !cursor->bad && region.image < control->images.count;
	case RECORD_PACKAGE:
		decode_package(cursor, &package);
		*vec_push(&control->packages) = package;
		return !cursor->bad;
	case RECORD_FUNCTION:
		decode_function(cursor, &function);
		*vec_push(&control->functions) = function;
		return !cursor->bad && function.image < control->images.count;
	case RECORD_STATE:
		decode_state(cursor, &state);
		*vec_push(&control->states) = state;
		return !cursor->bad && indices_ok(control, state.image, state.package);
	}
	return false;
}

bool record_decode(struct control *control, uint32_t type, struct cursor *cursor)
{
	switch (type) {
	case RECORD_CODE:
		return decode_code_record(control, cursor);
	case RECORD_BODY:
		return decode_body_record(control, cursor);
	case RECORD_TRAMPOLINE:
		return decode_trampoline_record(control, cursor);
	case RECORD_GENERATION:
		return decode_generation_record(control, cursor);
	}
	return decode_other(control, type, cursor);
}

static void put(struct builder *builder, const void *from, size_t size)
{
	const uint8_t *at = from;

	for (size_t i = 0; i < size; i++)
		*vec_push(&builder->bytes) = at[i];
}

static void put32(struct builder *builder, uint32_t value)
{
	put(builder, &value, sizeof(value));
}

static void put64(struct builder *builder, uint64_t value)
{
	put(builder, &value, sizeof(value));
}

static void put_text(struct builder *builder, const char *text)
{
	size_t length = text ? strnlen(text, TEXT_MAX) : 0;

	put32(builder, (uint32_t)length);
	put(builder, text, length);
}

static void put_texts(struct builder *builder, const struct control_texts *texts)
{
	put32(builder, texts->count);
	for (uint32_t i = 0; i < texts->count; i++)
		put_text(builder, texts->at[i]);
}

void encode_image(struct builder *builder, const struct control_image *image)
{
	put64(builder, image->base);
	put64(builder, image->bias);
	put64(builder, image->start);
	put64(builder, image->end);
	put32(builder, image->build_id_size);
	put(builder, image->build_id, image->build_id_size);
	put_text(builder, image->name);
}

void encode_region(struct builder *builder, const struct control_region *region)
{
	put32(builder, region->image);
	put32(builder, region->protection);
	put64(builder, region->address);
	put64(builder, region->size);
}

void encode_package(struct builder *builder, const struct control_package *package)
{
	put(builder, package->digest, sizeof(package->digest));
	put_text(builder, package->id);
	put_text(builder, package->title);
	put_texts(builder, &package->fixes);
	put_texts(builder, &package->requires);
	put_texts(builder, &package->supersedes);
}

void encode_code(struct builder *builder, const struct control_code *code)
{
	put32(builder, code->package);
	put32(builder, code->image);
	put64(builder, code->address);
	put64(builder, code->size);
	put64(builder, code->eh_frame);
	put64(builder, code->eh_frame_size);
	put64(builder, code->data);
	put64(builder, code->data_size);
	put(builder, code->hash, sizeof(code->hash));
}

void encode_function(struct builder *builder, const struct control_function *function)
{
	put32(builder, function->image);
	put32(builder, function->jump_size);
	put64(builder, function->entry);
	put64(builder, function->jump);
	put64(builder, function->old_size);
	put(builder, function->old_hash, sizeof(function->old_hash));
	put32(builder, function->original_size);
	put(builder, function->original, function->original_size);
	put64(builder, function->prologue);
	put64(builder, function->prologue_size);
	put_text(builder, function->name);
	put32(builder, function->part_count);
	for (uint32_t i = 0; i < function->part_count; i++) {
		put64(builder, function->parts[i].start);
		put64(builder, function->parts[i].end);
	}
}

void encode_body(struct builder *builder, const struct control_body *body)
{
	put32(builder, body->package);
	put32(builder, body->function);
	put64(builder, body->address);
}

void encode_trampoline(struct builder *builder, const struct control_trampoline *trampoline)
{
	put32(builder, trampoline->function);
	put32(builder, trampoline->body);
	put64(builder, trampoline->generation);
	put64(builder, trampoline->address);
	put64(builder, trampoline->previous);
}

void encode_state(struct builder *builder, const struct control_state *state)
{
	put32(builder, state->package);
	put32(builder, state->image);
	put64(builder, state->address);
	put64(builder, state->size);
	put64(builder, state->align);
	put(builder, state->hash, sizeof(state->hash));
	put_text(builder, state->object);
	put_text(builder, state->owner);
	put_text(builder, state->name);
}

void encode_generation(struct builder *builder, const struct control_generation *generation)
{
	put64(builder, generation->number);
	put64(builder, generation->before);
	put32(builder, generation->package_count);
	for (uint32_t i = 0; i < generation->package_count; i++)
		put32(builder, generation->packages[i]);
}

// u32 type, u32 size of the whole record, u64 sequence, u32 checksum, u32 zero. The checksum is CRC-32 (zlib) of
// the whole record with the checksum zero.
uint8_t *record_finish(struct builder *builder, uint32_t type, uint64_t sequence, size_t *size)
{
	size_t total = (RECORD_HEADER_SIZE + builder->bytes.count + 7) & ~(size_t)7;
	uint8_t *record = xalloc(total);
	uint32_t total32 = (uint32_t)total, check;

	memset(record, 0, total);
	memcpy(record, &type, 4);
	memcpy(record + 4, &total32, 4);
	memcpy(record + 8, &sequence, 8);
	if (builder->bytes.count)
		memcpy(record + RECORD_HEADER_SIZE, builder->bytes.at, builder->bytes.count);
	check = (uint32_t)crc32(0, record, (uInt)total);
	memcpy(record + 16, &check, 4);
	free(builder->bytes.at);
	*builder = (struct builder){0};
	*size = total;
	return record;
}

bool record_check(const uint8_t *bytes, size_t left, uint64_t sequence, uint32_t *type, size_t *size)
{
	static const uint8_t zero[4];
	uint32_t total, check, computed;
	uint64_t number;

	if (left < RECORD_HEADER_SIZE)
		return false;
	memcpy(type, bytes, 4);
	memcpy(&total, bytes + 4, 4);
	memcpy(&number, bytes + 8, 8);
	memcpy(&check, bytes + 16, 4);
	if (!*type || total < RECORD_HEADER_SIZE || total > left || total > RECORD_SIZE_MAX || total % 8 ||
	    number != sequence)
		return false;
	computed = (uint32_t)crc32(0, bytes, 16);
	computed = (uint32_t)crc32(computed, zero, 4);
	computed = (uint32_t)crc32(computed, bytes + 20, (uInt)(total - 20));
	*size = total;
	return computed == check;
}
