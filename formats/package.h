/* SPDX-License-Identifier: MIT */
/* Private to libhp: the container's numbers (doc/hp-format.md), the open package, and small helpers. */
#ifndef FORMATS_PACKAGE_H
#define FORMATS_PACKAGE_H

#include "formats/hp.h"

#include <stdarg.h>
#include <stdbool.h>

#define MAGIC               "\x89HPK\r\n\x1a\n"
#define MAGIC_SIZE          8u
#define HEADER_SIZE         64u
#define HEADER_DIGEST       32u /* offset of the digest in the header */
#define ENTRY_SIZE          64u /* of the chunk table */
#define CHUNK_COUNT_MAX     4096u
#define CHUNK_DEFLATED      2u /* flag: stored as a zlib stream */
#define SIGNATURE_MAGIC     "HPSIGN1\n"
#define SIGNATURE_SIZE      104u /* magic 8, key 32, signature 64 */
#define SIGNATURE_COUNT_MAX 64u
#define FILE_SIZE_MAX       ((uint64_t)1 << 30)
#define RAW_SIZE_MAX        ((uint64_t)256 << 20) /* all chunks together, inflated */
#define DEFLATE_RATIO_MAX   1040u                 /* zlib cannot do better than 1032 to 1 */

#define BUILD_ID_MAX  64u
#define JUMP_SIZE_MAX 64u /* a jump, its prefix and the whole instructions around them */

#define CHUNK_MANIFEST "MANI"
#define CHUNK_TARGET   "TARG"
#define CHUNK_PAYLOAD  "PAYL"

/* Memory that belongs to a package; freed all at once. */
struct pool {
	struct pool_block *blocks;
};
void *pool_alloc(struct pool *pool, size_t count, size_t size); /* zeroed; NULL when there is none */
void pool_free(struct pool *pool);

/* A payload as an ELF object whose every offset has been checked. */
struct elf_section {
	const char *name;
	uint32_t name_at, type, link, info;
	uint64_t flags, align, size, entry_size;
	const uint8_t *data; /* NULL when it has no bytes in the file */
};

struct elf_symbol {
	const char *name;
	uint8_t info;
	uint32_t section; /* 0: undefined */
	uint64_t value, size;
	uint32_t binding; /* index of its binding, HP_NONE */
};

struct linkage {
	struct elf_section *sections;
	size_t section_count;
	struct elf_symbol *symbols;
	size_t symbol_count;
	uint32_t got; /* the undefined symbol _GLOBAL_OFFSET_TABLE_, 0: there is none */
	uint8_t *region;
	uint64_t *offset;
	struct hp_layout layout;
};

struct hp_package {
	struct pool pool;
	uint8_t *bytes;
	size_t size, body_size; /* with and without signatures */
	struct hp_chunk *chunks;
	size_t chunk_count;
	const char *manifest;
	size_t manifest_size;
	struct hp_target *targets;
	struct linkage **linkages; /* per target, made on demand */
	size_t target_count;
	const uint8_t *signatures;
	size_t signature_count;
};

/* Fills *error and returns STATUS. */
int fail(struct hp_error *error, int status, uint32_t chunk, uint64_t offset, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/* Little-endian reading and writing of 1 to 8 bytes. */
uint64_t get_le(const uint8_t *bytes, size_t size);
void put_le(uint8_t *bytes, uint64_t value, size_t size);

/* dictionary.c: what deflated chunks may take as known. */
const uint8_t *get_dictionary(size_t *size);

/* UTF-8 without surrogates and overlong forms; CONTROLS: control characters may occur in it, else only NUL. */
bool is_clean_text(const uint8_t *text, size_t size, bool controls);

/* target.c: the contents of a TARG chunk. */
int decode_target(struct pool *pool, const uint8_t *bytes, size_t size, uint32_t chunk,
		  struct hp_target *target, struct hp_error *error);
int encode_target(const struct hp_target *target, uint8_t **bytes, size_t *size, struct hp_error *error);

/* check.c: the rules for records that do not concern the payload. */
int check_target(const struct hp_target *target, uint32_t chunk, struct hp_error *error);

/* elf.c: reads a payload; every symbol index in TARGET is checked against it. */
int read_payload(struct pool *pool, const struct hp_target *target, struct linkage **linkage,
		 struct hp_error *error);

/* link_x86_64.c: one relocation. FIELD lies in ROOM bytes of its section; VALUE is S + A, PLACE is P, *GOT is where
 * distances from the GOT count from (NULL: the payload names none). */
int relocate_x86_64(uint32_t type, uint8_t *field, uint64_t room, uint64_t value, uint64_t place,
		    const uint64_t *got, struct hp_error *error);

#endif
