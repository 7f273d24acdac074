/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Records of the control block as bytes: little-endian, packed, texts with their length before them. */
#ifndef APPLY_RECORD_H
#define APPLY_RECORD_H

#include "apply/control.h"

enum { RECORD_HEADER_SIZE = 24, RECORD_SIZE_MAX = 1 << 20 };

/* What is left to read; `bad` once something did not fit, after that everything reads as zero. */
struct cursor {
	const uint8_t *at, *end;
	struct arena *arena;
	bool bad;
};

/* Decodes the contents of one record into CONTROL. false: malformed. */
bool record_decode(struct control *control, uint32_t type, struct cursor *cursor);

/* A record being put together. */
struct builder {
	VEC(uint8_t) bytes;
};

void encode_image(struct builder *builder, const struct control_image *image);
void encode_region(struct builder *builder, const struct control_region *region);
void encode_package(struct builder *builder, const struct control_package *package);
void encode_code(struct builder *builder, const struct control_code *code);
void encode_function(struct builder *builder, const struct control_function *function);
void encode_body(struct builder *builder, const struct control_body *body);
void encode_trampoline(struct builder *builder, const struct control_trampoline *trampoline);
void encode_state(struct builder *builder, const struct control_state *state);
void encode_generation(struct builder *builder, const struct control_generation *generation);

/* Puts the header before the contents: whole record, malloc'ed, *size a multiple of 8. Empties BUILDER. */
uint8_t *record_finish(struct builder *builder, uint32_t type, uint64_t sequence, size_t *size);
/* Checks header and checksum of the record at BYTES; LEFT bytes are there. *size: of the whole record. */
bool record_check(const uint8_t *bytes, size_t left, uint64_t sequence, uint32_t *type, size_t *size);

#endif
