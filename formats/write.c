// SPDX-License-Identifier: MIT
// Putting a package together (doc/hp-format.md, "Container").
#include "formats/package.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

struct piece {
	const char *type;
	uint32_t flags;
	const uint8_t *raw;
	size_t raw_size;
	uint8_t *stored; /* malloc'ed */
	size_t stored_size;
	uint64_t offset;
};

// false: there is no memory for it.
static bool deflate_piece(struct piece *piece, size_t room)
{
	z_stream stream = {.next_in = (Bytef *)piece->raw, .avail_in = (uInt)piece->raw_size};
	size_t dictionary_size;
	const uint8_t *dictionary = get_dictionary(&dictionary_size);
	int result;

	if (deflateInit(&stream, 9) != Z_OK)
		return false;
	deflateSetDictionary(&stream, dictionary, (uInt)dictionary_size);
	stream.next_out = piece->stored;
	stream.avail_out = (uInt)room;
	result = deflate(&stream, Z_FINISH);
	piece->stored_size = result == Z_STREAM_END ? stream.total_out : SIZE_MAX;
	deflateEnd(&stream);
	return true;
}

static int store(struct piece *piece, struct hp_error *error)
{
	size_t room = compressBound((uLong)piece->raw_size) + 4; // and the dictionary's Adler-32

	if (piece->raw_size > RAW_SIZE_MAX)
		return fail(error, HP_LIMIT, HP_NONE, 0, "a chunk is larger than %llu bytes",
			    (unsigned long long)RAW_SIZE_MAX);
	piece->stored = malloc(room);
	if (!piece->stored || !deflate_piece(piece, room))
		return fail(error, HP_MEMORY, HP_NONE, 0, "out of memory");
	if (piece->stored_size < piece->raw_size) {
		piece->flags |= CHUNK_DEFLATED;
		return HP_OK;
	}
	memcpy(piece->stored, piece->raw, piece->raw_size); // compressBound() is never less than its argument
	piece->stored_size = piece->raw_size;
	return HP_OK;
}

static uint64_t align8(uint64_t value)
{
	return (value + 7) & ~(uint64_t)7;
}

static int assemble(struct piece *pieces, size_t count, uint8_t **bytes, size_t *size, struct hp_error *error)
{
	uint64_t at = HEADER_SIZE + count * ENTRY_SIZE;
	crypto_hash_sha256_state hash;
	uint8_t *file;

	for (size_t i = 0; i < count; i++) {
		pieces[i].offset = at;
		at = align8(at + pieces[i].stored_size);
	}
	if (at > FILE_SIZE_MAX)
		return fail(error, HP_LIMIT, HP_NONE, 0, "the package is larger than %llu bytes",
			    (unsigned long long)FILE_SIZE_MAX);
	file = calloc(1, at);
	if (!file)
		return fail(error, HP_MEMORY, HP_NONE, 0, "out of memory");
	memcpy(file, MAGIC, MAGIC_SIZE);
	put_le(file + 8, HP_FORMAT_VERSION, 4);
	put_le(file + 12, count, 4);
	put_le(file + 16, at, 8);
	for (size_t i = 0; i < count; i++) {
		uint8_t *entry = file + HEADER_SIZE + i * ENTRY_SIZE;

		memcpy(entry, pieces[i].type, 4);
		put_le(entry + 4, pieces[i].flags, 4);
		put_le(entry + 8, pieces[i].offset, 8);
		put_le(entry + 16, pieces[i].stored_size, 8);
		put_le(entry + 24, pieces[i].raw_size, 8);
		crypto_hash_sha256(entry + 32, pieces[i].stored, pieces[i].stored_size);
		memcpy(file + pieces[i].offset, pieces[i].stored, pieces[i].stored_size);
	}
	crypto_hash_sha256_init(&hash);
	crypto_hash_sha256_update(&hash, file, HEADER_DIGEST);
	crypto_hash_sha256_update(&hash, file + HEADER_SIZE, count * ENTRY_SIZE);
	crypto_hash_sha256_final(&hash, file + HEADER_DIGEST);
	*bytes = file;
	*size = at;
	return HP_OK;
}

static bool same_payload(const struct hp_target *one, const struct hp_target *two)
{
	return one->payload_size == two->payload_size &&
	       !memcmp(one->payload, two->payload, one->payload_size);
}

// What is written can be read: by the reader itself, so that the two cannot disagree.
static int check_product(uint8_t **bytes, size_t *size, struct hp_error *error)
{
	struct hp_package *package;
	int status = hp_open_memory(*bytes, *size, &package, error);

	hp_close(package);
	if (!status)
		return HP_OK;
	free(*bytes);
	*bytes = NULL;
	*size = 0;
	return status;
}

int hp_encode(const struct hp_content *content, uint8_t **bytes, size_t *size, struct hp_error *error)
{
	size_t count = 1 + content->target_count * 2 + content->extra_count, made = 0;
	uint8_t **records;
	struct piece *pieces;
	int status = HP_OK;

	*bytes = NULL;
	*size = 0;
	if (count > CHUNK_COUNT_MAX)
		return fail(error, HP_LIMIT, HP_NONE, 0, "more than %u chunks", CHUNK_COUNT_MAX);
	pieces = calloc(count, sizeof(*pieces));
	records = calloc(content->target_count + 1, sizeof(*records));
	if (!pieces || !records)
		status = fail(error, HP_MEMORY, HP_NONE, 0, "out of memory");
	else
		pieces[made++] = (struct piece){.type = CHUNK_MANIFEST,
						.raw = (const uint8_t *)content->manifest,
						.raw_size = strlen(content->manifest)};
	for (size_t i = 0; i < content->target_count && !status; i++) {
		const struct hp_target *target = &content->targets[i];
		size_t record_size = 0;

		status = encode_target(target, &records[i], &record_size, error);
		if (status)
			break;
		pieces[made++] =
			(struct piece){.type = CHUNK_TARGET, .raw = records[i], .raw_size = record_size};
		pieces[made++] = (struct piece){
			.type = CHUNK_PAYLOAD,
			.raw = target->payload,
			.raw_size = i && same_payload(target, target - 1) ? 0 : target->payload_size};
	}
	for (size_t i = 0; i < content->extra_count && !status; i++)
		pieces[made++] = (struct piece){.type = content->extra[i].type,
						.flags = content->extra[i].flags & HP_CHUNK_OPTIONAL,
						.raw = content->extra[i].data,
						.raw_size = content->extra[i].raw_size};
	for (size_t i = 0; i < made && !status; i++)
		status = store(&pieces[i], error);
	if (!status)
		status = assemble(pieces, made, bytes, size, error);
	if (!status)
		status = check_product(bytes, size, error);
	for (size_t i = 0; i < made; i++)
		free(pieces[i].stored);
	for (size_t i = 0; records && i < content->target_count; i++)
		free(records[i]);
	free(records);
	free(pieces);
	return status;
}

int hp_sign(const void *bytes, size_t size, const uint8_t secret[64], uint8_t **signed_bytes,
	    size_t *signed_size, struct hp_error *error)
{
	uint8_t *file, *trailer;

	*signed_bytes = NULL;
	if (size > FILE_SIZE_MAX)
		return fail(error, HP_LIMIT, HP_NONE, 0, "the package is too large");
	file = malloc(size + SIGNATURE_SIZE);
	if (!file)
		return fail(error, HP_MEMORY, HP_NONE, 0, "out of memory");
	memcpy(file, bytes, size);
	trailer = file + size;
	memcpy(trailer, SIGNATURE_MAGIC, 8);
	crypto_sign_ed25519_sk_to_pk(trailer + 8, secret);
	crypto_sign_detached(trailer + 8 + HP_KEY_SIZE, NULL, file, size, secret);
	*signed_bytes = file;
	*signed_size = size + SIGNATURE_SIZE;
	return HP_OK;
}
