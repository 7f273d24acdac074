// SPDX-License-Identifier: MIT
// Opening a package: every length checked, every digest compared, every chunk inflated (doc/hp-format.md, "Container").
#include "formats/package.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

static bool all_zero(const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (bytes[i])
			return false;
	return true;
}

static int check_header(struct hp_package *package, struct hp_error *error)
{
	const uint8_t *file = package->bytes;
	uint8_t digest[HP_HASH_SIZE];
	crypto_hash_sha256_state hash;
	uint64_t total, count;

	if (package->size < MAGIC_SIZE || memcmp(file, MAGIC, MAGIC_SIZE))
		return fail(error, HP_NOT_A_PACKAGE, HP_NONE, 0,
			    "not a hotpatch package: the first bytes are not %s",
			    package->size >= 4 && !memcmp(file + 1, "HPK", 3) ? "intact" : "those of one");
	if (package->size < HEADER_SIZE)
		return fail(error, HP_MALFORMED, HP_NONE, package->size, "the file ends inside its header");
	if (get_le(file + 8, 4) != HP_FORMAT_VERSION)
		return fail(error, HP_VERSION, HP_NONE, 8,
			    "format version %llu; this library reads version %u",
			    (unsigned long long)get_le(file + 8, 4), HP_FORMAT_VERSION);
	count = get_le(file + 12, 4);
	total = get_le(file + 16, 8);
	if (count > CHUNK_COUNT_MAX || total > package->size || total < HEADER_SIZE + count * ENTRY_SIZE)
		return fail(error, HP_MALFORMED, HP_NONE, 12,
			    "%llu bytes and %llu chunks stated, %zu bytes there: cut short or damaged",
			    (unsigned long long)total, (unsigned long long)count, package->size);
	crypto_hash_sha256_init(&hash);
	crypto_hash_sha256_update(&hash, file, HEADER_DIGEST);
	crypto_hash_sha256_update(&hash, file + HEADER_SIZE, count * ENTRY_SIZE);
	crypto_hash_sha256_final(&hash, digest);
	if (memcmp(digest, file + HEADER_DIGEST, HP_HASH_SIZE))
		return fail(error, HP_DIGEST, HP_NONE, HEADER_DIGEST,
			    "header or chunk table damaged: digest differs");
	if (!all_zero(file + 24, 8))
		return fail(error, HP_MALFORMED, HP_NONE, 24, "reserved bytes are not zero");
	package->body_size = total;
	package->chunk_count = count;
	return HP_OK;
}

// Chunks follow each other in table order, each at the next multiple of 8; what lies between is zero.
static int check_chunks(struct hp_package *package, struct hp_error *error)
{
	uint64_t at = HEADER_SIZE + package->chunk_count * ENTRY_SIZE, raw_total = 0;
	uint8_t digest[HP_HASH_SIZE];

	package->chunks = pool_alloc(&package->pool, package->chunk_count, sizeof(*package->chunks));
	if (!package->chunks)
		return fail(error, HP_MEMORY, HP_NONE, 0, "out of memory");
	for (uint32_t i = 0; i < package->chunk_count; i++) {
		const uint8_t *entry = package->bytes + HEADER_SIZE + (size_t)i * ENTRY_SIZE;
		struct hp_chunk *chunk = &package->chunks[i];

		memcpy(chunk->type, entry, 4);
		chunk->flags = (uint32_t)get_le(entry + 4, 4);
		chunk->offset = get_le(entry + 8, 8);
		chunk->stored_size = get_le(entry + 16, 8);
		chunk->raw_size = get_le(entry + 24, 8);
		if (chunk->offset != at || chunk->stored_size > package->body_size - at)
			return fail(error, HP_MALFORMED, i, at,
				    "the chunk is not where the table's order puts it");
		if (chunk->raw_size > RAW_SIZE_MAX || (raw_total += chunk->raw_size) > RAW_SIZE_MAX ||
		    (chunk->flags & CHUNK_DEFLATED
			     ? chunk->raw_size > (chunk->stored_size + 1) * DEFLATE_RATIO_MAX
			     : chunk->raw_size != chunk->stored_size))
			return fail(
				error, HP_LIMIT, i, at, "%llu stored bytes cannot or must not become %llu",
				(unsigned long long)chunk->stored_size, (unsigned long long)chunk->raw_size);
		crypto_hash_sha256(digest, package->bytes + at, chunk->stored_size);
		if (memcmp(digest, entry + 32, HP_HASH_SIZE))
			return fail(error, HP_DIGEST, i, at, "contents damaged: digest differs");
		at += chunk->stored_size;
		for (; at % 8 && at < package->body_size; at++)
			if (package->bytes[at])
				return fail(error, HP_MALFORMED, i, at, "padding is not zero");
	}
	if (at != package->body_size)
		return fail(error, HP_MALFORMED, HP_NONE, at, "bytes behind the last chunk");
	return HP_OK;
}

static int inflate_chunk(struct hp_package *package, uint32_t index, struct hp_error *error)
{
	struct hp_chunk *chunk = &package->chunks[index];
	const uint8_t *stored = package->bytes + chunk->offset, *dictionary;
	size_t dictionary_size;
	z_stream stream = {.next_in = (Bytef *)stored, .avail_in = (uInt)chunk->stored_size};
	uint8_t *raw = pool_alloc(&package->pool, chunk->raw_size + 1, 1); // and a NUL behind it
	int result;

	if (!raw)
		return fail(error, HP_MEMORY, index, 0, "out of memory");
	chunk->data = raw;
	if (!(chunk->flags & CHUNK_DEFLATED)) {
		memcpy(raw, stored, chunk->raw_size);
		return HP_OK;
	}
	dictionary = get_dictionary(&dictionary_size);
	stream.next_out = raw;
	stream.avail_out = (uInt)chunk->raw_size;
	if (inflateInit(&stream) != Z_OK)
		return fail(error, HP_MEMORY, index, 0, "out of memory");
	result = inflate(&stream, Z_FINISH);
	if (result == Z_NEED_DICT && inflateSetDictionary(&stream, dictionary, (uInt)dictionary_size) == Z_OK)
		result = inflate(&stream, Z_FINISH);
	inflateEnd(&stream);
	if (result != Z_STREAM_END || stream.avail_out || stream.avail_in)
		return fail(error, HP_MALFORMED, index, stream.total_in,
			    "does not inflate to the stated size");
	return HP_OK;
}

static int decode_chunk(struct hp_package *package, uint32_t index, struct hp_error *error)
{
	struct hp_chunk *chunk = &package->chunks[index];
	struct hp_target *target =
		package->target_count ? &package->targets[package->target_count - 1] : NULL;

	if (!strcmp(chunk->type, CHUNK_MANIFEST)) {
		if (package->manifest || memchr(chunk->data, 0, chunk->raw_size))
			return fail(error, HP_MALFORMED, index, 0,
				    "a second manifest, or one with a NUL in it");
		if (!is_clean_text(chunk->data, chunk->raw_size, true))
			return fail(error, HP_MALFORMED, index, 0, "the manifest is not UTF-8");
		package->manifest = (const char *)chunk->data;
		package->manifest_size = chunk->raw_size;
		return HP_OK;
	}
	if (!strcmp(chunk->type, CHUNK_TARGET)) {
		if (target && !target->payload)
			return fail(error, HP_MALFORMED, index, 0,
				    "two targets without a payload between them");
		return decode_target(&package->pool, chunk->data, chunk->raw_size, index,
				     &package->targets[package->target_count++], error);
	}
	if (!strcmp(chunk->type, CHUNK_PAYLOAD)) {
		if (!target || target->payload)
			return fail(error, HP_MALFORMED, index, 0, "a payload without a target before it");
		if (!chunk->raw_size && package->target_count < 2)
			return fail(error, HP_MALFORMED, index, 0,
				    "no payload before this one that it could repeat");
		// Images that hold the same objects get the same payload: an empty one repeats the one before.
		target->payload = chunk->raw_size ? chunk->data : target[-1].payload;
		target->payload_size = chunk->raw_size ? chunk->raw_size : target[-1].payload_size;
		return read_payload(&package->pool, target, &package->linkages[package->target_count - 1],
				    error);
	}
	if (!(chunk->flags & HP_CHUNK_OPTIONAL))
		return fail(error, HP_UNSUPPORTED, index, 0,
			    "chunk type \"%.4s\" is not known and not optional", chunk->type);
	return HP_OK;
}

static int decode_chunks(struct hp_package *package, struct hp_error *error)
{
	int status = HP_OK;

	package->targets = pool_alloc(&package->pool, package->chunk_count + 1, sizeof(*package->targets));
	package->linkages = pool_alloc(&package->pool, package->chunk_count + 1, sizeof(struct linkage *));
	if (!package->targets || !package->linkages)
		return fail(error, HP_MEMORY, HP_NONE, 0, "out of memory");
	for (uint32_t i = 0; i < package->chunk_count && !status; i++) {
		if (!is_clean_text((const uint8_t *)package->chunks[i].type, 4, false) ||
		    strlen(package->chunks[i].type) != 4)
			return fail(error, HP_MALFORMED, i, 0, "the chunk's type is not text");
		if (package->chunks[i].flags & ~(HP_CHUNK_OPTIONAL | CHUNK_DEFLATED))
			return fail(error, HP_UNSUPPORTED, i, 0, "chunk flags 0x%x are not known",
				    package->chunks[i].flags);
		status = inflate_chunk(package, i, error);
		if (!status)
			status = decode_chunk(package, i, error);
	}
	if (status)
		return status;
	if (!package->manifest)
		return fail(error, HP_MALFORMED, HP_NONE, 0, "there is no manifest");
	if (package->target_count && !package->targets[package->target_count - 1].payload)
		return fail(error, HP_MALFORMED, HP_NONE, 0, "the last target has no payload");
	return HP_OK;
}

// Every signature must be right by the key it names: a flipped bit anywhere in a trailer is found here.
static int check_signatures(struct hp_package *package, struct hp_error *error)
{
	size_t rest = package->size - package->body_size;

	package->signatures = package->bytes + package->body_size;
	package->signature_count = rest / SIGNATURE_SIZE;
	if (rest % SIGNATURE_SIZE || package->signature_count > SIGNATURE_COUNT_MAX)
		return fail(error, HP_MALFORMED, HP_NONE, package->body_size,
			    "%zu bytes behind the package are no signatures", rest);
	for (size_t i = 0; i < package->signature_count; i++) {
		size_t at = package->body_size + i * SIGNATURE_SIZE;
		const uint8_t *trailer = package->bytes + at;

		if (memcmp(trailer, SIGNATURE_MAGIC, 8))
			return fail(error, HP_MALFORMED, HP_NONE, at,
				    "the bytes behind the package are no signature");
		if (crypto_sign_verify_detached(trailer + 8 + HP_KEY_SIZE, package->bytes, at, trailer + 8))
			return fail(error, HP_SIGNATURE, HP_NONE, at,
				    "signature %zu is wrong: damaged, or not made for this package", i + 1);
	}
	return HP_OK;
}

static int open_bytes(uint8_t *bytes, size_t size, struct hp_package **result, struct hp_error *error)
{
	struct hp_package *package = calloc(1, sizeof(*package));
	int status;

	if (!package) {
		free(bytes);
		return fail(error, HP_MEMORY, HP_NONE, 0, "out of memory");
	}
	package->bytes = bytes;
	package->size = size;
	status = check_header(package, error);
	if (!status)
		status = check_chunks(package, error);
	if (!status)
		status = check_signatures(package, error);
	if (!status)
		status = decode_chunks(package, error);
	if (status)
		hp_close(package);
	else
		*result = package;
	return status;
}

int hp_open_memory(const void *bytes, size_t size, struct hp_package **package, struct hp_error *error)
{
	uint8_t *copy;

	*package = NULL;
	if (size > FILE_SIZE_MAX)
		return fail(error, HP_LIMIT, HP_NONE, 0, "larger than %llu bytes",
			    (unsigned long long)FILE_SIZE_MAX);
	copy = malloc(size + 1);
	if (!copy)
		return fail(error, HP_MEMORY, HP_NONE, 0, "out of memory");
	if (size)
		memcpy(copy, bytes, size);
	return open_bytes(copy, size, package, error);
}

// Reads what there is, at most one byte more than allowed, whatever the file claims its size to be.
static int read_stream(FILE *file, uint8_t **bytes, size_t *size, struct hp_error *error)
{
	size_t room = 0, got;

	*bytes = NULL;
	*size = 0;
	do {
		size_t larger = room ? room * 2 : 65536;
		uint8_t *moved = realloc(*bytes, larger);

		if (!moved)
			return fail(error, HP_MEMORY, HP_NONE, 0, "out of memory");
		*bytes = moved;
		room = larger;
		got = fread(*bytes + *size, 1, room - *size, file);
		*size += got;
	} while (*size == room && room <= FILE_SIZE_MAX);
	if (ferror(file))
		return fail(error, HP_IO, HP_NONE, *size, "%s", strerror(errno));
	if (*size > FILE_SIZE_MAX)
		return fail(error, HP_LIMIT, HP_NONE, 0, "larger than %llu bytes",
			    (unsigned long long)FILE_SIZE_MAX);
	return HP_OK;
}

int hp_open(const char *path, struct hp_package **package, struct hp_error *error)
{
	struct stat status;
	uint8_t *bytes = NULL;
	size_t size;
	FILE *file;
	int result;

	*package = NULL;
	if (!stat(path, &status) && !S_ISREG(status.st_mode))
		return fail(error, HP_IO, HP_NONE, 0, "not a regular file");
	file = fopen(path, "rbe");
	if (!file)
		return fail(error, HP_IO, HP_NONE, 0, "%s", strerror(errno));
	result = read_stream(file, &bytes, &size, error);
	fclose(file);
	if (result) {
		free(bytes);
		return result;
	}
	return open_bytes(bytes, size, package, error);
}

void hp_close(struct hp_package *package)
{
	if (!package)
		return;
	pool_free(&package->pool);
	free(package->bytes);
	free(package);
}

const char *hp_manifest(const struct hp_package *package, size_t *size)
{
	if (size)
		*size = package->manifest_size;
	return package->manifest;
}

size_t hp_target_count(const struct hp_package *package)
{
	return package->target_count;
}

const struct hp_target *hp_target(const struct hp_package *package, size_t index)
{
	return index < package->target_count ? &package->targets[index] : NULL;
}

void hp_digest(const struct hp_package *package, uint8_t digest[HP_HASH_SIZE])
{
	crypto_hash_sha256(digest, package->bytes, package->body_size);
}

void hp_file_digest(const struct hp_package *package, uint8_t digest[HP_HASH_SIZE])
{
	crypto_hash_sha256(digest, package->bytes, package->size);
}

size_t hp_size(const struct hp_package *package)
{
	return package->size;
}

size_t hp_signature_count(const struct hp_package *package)
{
	return package->signature_count;
}

const uint8_t *hp_signature_key(const struct hp_package *package, size_t index)
{
	return index < package->signature_count ? package->signatures + index * SIGNATURE_SIZE + 8 : NULL;
}

int hp_verify(const struct hp_package *package, const uint8_t key[HP_KEY_SIZE], struct hp_error *error)
{
	// Each signature was checked against the key it names when the package was opened.
	for (size_t i = 0; i < package->signature_count; i++)
		if (!memcmp(hp_signature_key(package, i), key, HP_KEY_SIZE))
			return HP_OK;
	return fail(error, HP_SIGNATURE, HP_NONE, package->body_size,
		    package->signature_count ? "not signed by this key" : "not signed");
}

size_t hp_chunk_count(const struct hp_package *package)
{
	return package->chunk_count;
}

const struct hp_chunk *hp_chunk(const struct hp_package *package, size_t index)
{
	return index < package->chunk_count ? &package->chunks[index] : NULL;
}
