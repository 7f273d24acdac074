// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Decompression of kernel images and modules. Everything is read as hostile: what comes out is limited, and no length of
 * the input is believed. LZ4's legacy format, which only kernels use, is decoded here, LZO in lzo.c; the others by their libraries.
 */
#include "create/decompress.h"

#include <bzlib.h>
#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "util/util.h"

// A growing buffer with a limit.
struct output {
	uint8_t *bytes;
	size_t size, room, limit;
};

// Makes room for more, at least one byte. false: the limit is reached.
static bool make_room(struct output *output, size_t more)
{
	size_t room = output->room ? output->room : 1 << 20;

	if (more > output->limit - output->size)
		return false;
	while (room - output->size < more)
		room *= 2;
	if (room > output->limit)
		room = output->limit;
	if (room != output->room)
		output->bytes = xrealloc(output->bytes, room);
	output->room = room;
	return true;
}

static const char too_large[] = "is larger than any kernel when it is decompressed";
static const char damaged[] = "is damaged: its compressed contents cannot be read";

// ---- libraries ---------------------------------------------------------------------------------------------------

static const char *expand_gzip(const uint8_t *bytes, size_t size, struct output *output)
{
	z_stream stream = {.next_in = (uint8_t *)bytes,
			   .avail_in = size > UINT32_MAX ? UINT32_MAX : (uInt)size};
	const char *wrong = NULL;
	int status;

	if (inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK)
		return damaged;
	do {
		size_t room;

		if (!make_room(output, 1)) {
			wrong = too_large;
			break;
		}
		room = output->room - output->size;
		stream.next_out = output->bytes + output->size;
		stream.avail_out = (uInt)room;
		status = inflate(&stream, Z_NO_FLUSH);
		output->size += room - stream.avail_out;
		if (status != Z_OK && status != Z_STREAM_END)
			wrong = damaged;
	} while (!wrong && status != Z_STREAM_END);
	inflateEnd(&stream);
	return wrong;
}

static const char *expand_lzma(const uint8_t *bytes, size_t size, struct output *output)
{
	lzma_stream stream = LZMA_STREAM_INIT;
	const char *wrong = NULL;
	lzma_ret status;

	// Kernels are compressed with dictionaries of up to 128 MiB (scripts/xz_wrap.sh).
	if (lzma_auto_decoder(&stream, (uint64_t)512 << 20, 0) != LZMA_OK)
		return damaged;
	stream.next_in = bytes;
	stream.avail_in = size;
	do {
		size_t room;

		if (!make_room(output, 1)) {
			wrong = too_large;
			break;
		}
		room = output->room - output->size;
		stream.next_out = output->bytes + output->size;
		stream.avail_out = room;
		status = lzma_code(&stream, LZMA_RUN);
		output->size += room - stream.avail_out;
		if (status != LZMA_OK && status != LZMA_STREAM_END)
			wrong = damaged;
	} while (!wrong && status != LZMA_STREAM_END);
	lzma_end(&stream);
	return wrong;
}

static const char *expand_zstd(const uint8_t *bytes, size_t size, struct output *output)
{
	ZSTD_DStream *stream = ZSTD_createDStream();
	ZSTD_inBuffer input = {bytes, size, 0};
	const char *wrong = stream ? NULL : damaged;
	size_t left = 1;

	while (!wrong && left) {
		ZSTD_outBuffer piece;

		if (!make_room(output, 1)) {
			wrong = too_large;
			break;
		}
		piece = (ZSTD_outBuffer){output->bytes + output->size, output->room - output->size, 0};
		left = ZSTD_decompressStream(stream, &piece, &input);
		output->size += piece.pos;
		if (ZSTD_isError(left) || (left && !piece.pos && input.pos == input.size))
			wrong = damaged;
	}
	ZSTD_freeDStream(stream);
	return wrong;
}

static const char *expand_bzip2(const uint8_t *bytes, size_t size, struct output *output)
{
	bz_stream stream = {.next_in = (char *)bytes,
			    .avail_in = size > UINT32_MAX ? UINT32_MAX : (unsigned)size};
	const char *wrong = NULL;
	int status;

	if (BZ2_bzDecompressInit(&stream, 0, 0) != BZ_OK)
		return damaged;
	do {
		size_t room;

		if (!make_room(output, 1)) {
			wrong = too_large;
			break;
		}
		room = output->room - output->size;
		stream.next_out = (char *)output->bytes + output->size;
		stream.avail_out = (unsigned)room;
		status = BZ2_bzDecompress(&stream);
		output->size += room - stream.avail_out;
		if ((status != BZ_OK && status != BZ_STREAM_END) ||
		    (status == BZ_OK && !stream.avail_in && stream.avail_out))
			wrong = damaged;
	} while (!wrong && status != BZ_STREAM_END);
	BZ2_bzDecompressEnd(&stream);
	return wrong;
}

// ---- LZ4, legacy format --------------------------------------------------------------------------------------------
/*
 * 02 21 4c 18, then blocks: 32-bit length, LZ4 block of that length that expands to at most 8 MiB. No end mark: the
 * kernel appends the size of its contents, four bytes that are no block ("lz4 Legacy frame" of lz4_Frame_format.md,
 * "LZ4 Block Format Description").
 */
enum { LZ4_BLOCK = 8 << 20, LZ4_MIN_MATCH = 4 };

// A length of 15 goes on in further bytes, 255 meaning that one more follows.
static bool lz4_length(const uint8_t **at, const uint8_t *end, size_t *length)
{
	uint8_t more;

	if (*length != 15)
		return true;
	do {
		if (*at == end || *length > LZ4_BLOCK)
			return false;
		more = *(*at)++;
		*length += more;
	} while (more == 255);
	return true;
}

static bool lz4_block(const uint8_t *at, const uint8_t *end, struct output *output)
{
	uint8_t *start = output->bytes + output->size, *to = start, *limit = output->bytes + output->room;

	while (at < end) {
		uint8_t token = *at++;
		size_t literals = token >> 4, match = token & 15, distance;

		if (!lz4_length(&at, end, &literals) || literals > (size_t)(end - at) ||
		    literals > (size_t)(limit - to))
			return false;
		memcpy(to, at, literals);
		to += literals;
		at += literals;
		if (at == end)
			break; // the last sequence has no match
		if (end - at < 2)
			return false;
		distance = at[0] | (size_t)at[1] << 8;
		at += 2;
		if (!lz4_length(&at, end, &match))
			return false;
		match += LZ4_MIN_MATCH;
		if (!distance || distance > (size_t)(to - start) || match > (size_t)(limit - to))
			return false;
		if (distance >= match)
			memcpy(to, to - distance, match);
		else // it overlaps what it makes
			for (size_t i = 0; i < match; i++)
				to[i] = to[i - distance];
		to += match;
	}
	output->size = (size_t)(to - output->bytes);
	return true;
}

static uint32_t load32(const uint8_t *at)
{
	return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static const char *expand_lz4(const uint8_t *bytes, size_t size, struct output *output)
{
	size_t at = 4;

	while (size - at > 4) {
		size_t length = load32(bytes + at);

		if (length > size - at - 4)
			return damaged;
		if (!make_room(output, LZ4_BLOCK))
			return too_large;
		if (!lz4_block(bytes + at + 4, bytes + at + 4 + length, output))
			return damaged;
		at += 4 + length;
	}
	return output->size ? NULL : damaged;
}

// ---- LZO, as lzop writes it ---------------------------------------------------------------------------------------
/*
 * Big-endian. Magic (9 bytes), versions of file, library and reader (2 each), method, level, flags (4), [filter (4)], mode (4),
 * time (8), length and text of a name, checksum (4); then blocks: size of contents, size, checksums of contents and of the
 * compressed bytes as flags say; size 0 is the end (lib/decompress_unlzo.c).
 */
enum {
	LZO_HEADER = 9 + 6 + 2,
	LZO_ADLER = 0x1,
	LZO_ADLER_PACKED = 0x2,
	LZO_CRC = 0x100,
	LZO_CRC_PACKED = 0x200,
	LZO_FILTER = 0x800,
	LZO_BLOCK = 64 << 20
};

static uint32_t load32_big(const uint8_t *at)
{
	return at[3] | (uint32_t)at[2] << 8 | (uint32_t)at[1] << 16 | (uint32_t)at[0] << 24;
}

// Where the blocks begin, or SIZE.
static size_t lzo_blocks(const uint8_t *bytes, size_t size, uint32_t *flags)
{
	size_t at = LZO_HEADER;

	// Versions before 0.94 (1997) lack fields.
	if (size < at + 4 || (bytes[9] << 8 | bytes[10]) < 0x940)
		return size;
	*flags = load32_big(bytes + at);
	at += 4 + (*flags & LZO_FILTER ? 4 : 0) + 4 + 8;
	if (at >= size || size - at < (size_t)bytes[at] + 5)
		return size;
	return at + 1 + bytes[at] + 4;
}

static const char *expand_lzo(const uint8_t *bytes, size_t size, struct output *output)
{
	uint32_t flags = 0;
	size_t at = lzo_blocks(bytes, size, &flags);

	while (size - at >= 8) {
		size_t contents = load32_big(bytes + at), packed = load32_big(bytes + at + 4), sums = 0;
		const uint8_t *adler = bytes + at + 8;
		uint8_t *to;

		if (!contents)
			return output->size ? NULL : damaged;
		sums = (flags & LZO_ADLER ? 4 : 0) + (flags & LZO_CRC ? 4 : 0);
		if (packed < contents)
			sums += (flags & LZO_ADLER_PACKED ? 4 : 0) + (flags & LZO_CRC_PACKED ? 4 : 0);
		at += 8;
		if (packed > contents || contents > LZO_BLOCK || size - at < sums ||
		    size - at - sums < packed)
			return damaged;
		if (!make_room(output, contents))
			return too_large;
		to = output->bytes + output->size;
		at += sums;
		if (packed == contents)
			memcpy(to, bytes + at, contents);
		else if (!lzo_block(bytes + at, packed, to, contents))
			return damaged;
		if (flags & LZO_ADLER && adler32(1, to, (uInt)contents) != load32_big(adler))
			return damaged;
		output->size += contents;
		at += packed;
	}
	return damaged;
}

// ---- which one -----------------------------------------------------------------------------------------------------

static const struct format {
	const char *magic;
	size_t length;
	const char *(*expand)(const uint8_t *bytes, size_t size, struct output *output);
} formats[] = {
	{"\x1f\x8b\x08", 3, expand_gzip},
	{"\xfd"
	 "7zXZ",
	 6, expand_lzma},
	{"\x5d\x00\x00", 3, expand_lzma},
	{"\x28\xb5\x2f\xfd", 4, expand_zstd},
	{"BZh", 3, expand_bzip2},
	{"\x02\x21\x4c\x18", 4, expand_lz4},
	{"\x89LZO\0\r\n\x1a\n", 9, expand_lzo},
};

static const struct format *find_format(const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (size > formats[i].length + 4 && !memcmp(bytes, formats[i].magic, formats[i].length))
			return &formats[i];
	return NULL;
}

bool is_compressed(const uint8_t *bytes, size_t size)
{
	return find_format(bytes, size);
}

uint8_t *decompress(const uint8_t *bytes, size_t size, size_t limit, size_t *contents_size, const char **why)
{
	const struct format *format = find_format(bytes, size);
	struct output output = {.limit = limit};

	*why = format ? format->expand(bytes, size, &output)
		      : "is compressed in a way that this program does not know";
	*contents_size = output.size;
	if (!*why)
		return output.bytes ? output.bytes : xalloc(1);
	free(output.bytes);
	return NULL;
}
