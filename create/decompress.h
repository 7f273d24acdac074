/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Private to create/: compressed kernels and modules, as the kernel's build writes them (scripts/Makefile.lib). */
#ifndef CREATE_DECOMPRESS_H
#define CREATE_DECOMPRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether BYTES begin as one of the formats does: gzip, xz, lzma, zstd, bzip2, LZ4 legacy, lzop. */
bool is_compressed(const uint8_t *bytes, size_t size);
/*
 * The contents, malloc'ed, at most LIMIT bytes; bytes behind the compressed stream are ignored. NULL with *WHY when it is
 * of no known format, damaged, or larger.
 */
uint8_t *decompress(const uint8_t *bytes, size_t size, size_t limit, size_t *contents_size, const char **why);

/* One block of LZO1X, with its end mark, into exactly EXPECTED bytes at TO. false: damaged. */
bool lzo_block(const uint8_t *bytes, size_t size, uint8_t *to, size_t expected);

#endif
