// SPDX-License-Identifier: GPL-3.0-or-later
// Packages: what goes in comes out, and nothing that is not exactly what was written is ever opened.
#include <criterion/criterion.h>
#include <zlib.h>

#include "tests/unit/test_formats.h"

enum { HEADER = 64, ENTRY = 64, TRAILER = 104 };

static int open_status(const uint8_t *bytes, size_t size)
{
	struct hp_package *package;
	// Exactly as large as it is, so that a sanitizer sees every byte read behind it.
	uint8_t *copy = malloc(size ? size : 1);
	struct hp_error error = {0};
	int status;

	memcpy(copy, bytes, size);
	status = hp_open_memory(copy, size, &package, &error);
	free(copy);
	if (status) {
		cr_assert_null(package);
		cr_assert_eq(error.status, status);
		cr_assert(error.message[0] && !strchr(error.message, '\n'));
	}
	hp_close(package);
	return status;
}

static void put(uint8_t *at, uint64_t value, size_t size)
{
	for (size_t i = 0; i < size; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

static uint64_t get(const uint8_t *at, size_t size)
{
	uint64_t value = 0;

	while (size--)
		value = value << 8 | at[size];
	return value;
}

// Makes the digests right again after a change, as an attacker would.
static void reseal(uint8_t *bytes)
{
	size_t count = get(bytes + 12, 4);
	crypto_hash_sha256_state hash;

	for (size_t i = 0; i < count; i++) {
		uint8_t *entry = bytes + HEADER + i * ENTRY;

		crypto_hash_sha256(entry + 32, bytes + get(entry + 8, 8), get(entry + 16, 8));
	}
	crypto_hash_sha256_init(&hash);
	crypto_hash_sha256_update(&hash, bytes, 32);
	crypto_hash_sha256_update(&hash, bytes + HEADER, count * ENTRY);
	crypto_hash_sha256_final(&hash, bytes + 32);
}

static struct sample *signed_sample(uint8_t key[32])
{
	struct sample *sample = sample_new();
	uint8_t secret[64], seed[32] = {7}, *signed_bytes;
	struct hp_error error;

	crypto_sign_seed_keypair(key, secret, seed);
	cr_assert_eq(hp_sign(sample->bytes, sample->size, secret, &signed_bytes, &sample->size, &error), 0);
	free(sample->bytes);
	sample->bytes = signed_bytes;
	return sample;
}

static void same_text(const char *got, const char *wanted)
{
	cr_assert_eq(!got, !wanted);
	if (got)
		cr_assert_str_eq(got, wanted);
}

Test(formats, what_was_written_is_read)
{
	struct sample *sample = sample_new();
	const struct hp_target *wanted = &sample->target, *got;
	struct hp_package *package;
	struct hp_error error;

	cr_assert_eq(hp_open_memory(sample->bytes, sample->size, &package, &error), 0, "%s", error.message);
	cr_assert_eq(hp_target_count(package), 1);
	cr_assert_eq(hp_size(package), sample->size);
	cr_assert_str_eq(hp_manifest(package, NULL), sample->content.manifest);
	got = hp_target(package, 0);
	cr_assert(got->kind == wanted->kind && got->machine == wanted->machine &&
		  got->elf_type == wanted->elf_type && got->flags == wanted->flags &&
		  got->tls_size == wanted->tls_size && got->tls_align == wanted->tls_align);
	cr_assert(got->build_id_size == wanted->build_id_size &&
		  !memcmp(got->build_id, wanted->build_id, got->build_id_size));
	same_text(got->name, wanted->name);
	same_text(got->soname, wanted->soname);
	cr_assert(got->segment_count == 2 && got->section_count == 1 && got->part_count == 3 &&
		  got->mask_count == 1 && got->hook_count == 1);
	for (size_t i = 0; i < 2; i++)
		cr_assert(got->segments[i].vaddr == wanted->segments[i].vaddr &&
			  got->segments[i].offset == wanted->segments[i].offset &&
			  got->segments[i].file_size == wanted->segments[i].file_size &&
			  got->segments[i].memory_size == wanted->segments[i].memory_size &&
			  got->segments[i].align == wanted->segments[i].align &&
			  got->segments[i].flags == wanted->segments[i].flags);
	same_text(got->sections[0].name, ".text");
	cr_assert(got->sections[0].type == SHT_PROGBITS && got->sections[0].vaddr == 0x1000 &&
		  got->sections[0].size == 0x7000 && got->sections[0].flags == (SHF_ALLOC | SHF_EXECINSTR));
	cr_assert_eq(memcmp(got->parts, wanted->parts, sizeof(sample->parts)), 0);
	cr_assert_eq(memcmp(got->masks, wanted->masks, sizeof(sample->masks)), 0);
	cr_assert_eq(memcmp(got->hooks, wanted->hooks, sizeof(sample->hooks)), 0);
	cr_assert(got->payload_size == wanted->payload_size &&
		  !memcmp(got->payload, wanted->payload, got->payload_size));
	hp_close(package);
	sample_free(sample);
}

Test(formats, functions_bindings_and_states_are_read_as_written)
{
	struct sample *sample = sample_new();
	const struct hp_target *wanted = &sample->target, *got;
	struct hp_package *package;

	cr_assert_eq(hp_open_memory(sample->bytes, sample->size, &package, NULL), 0);
	got = hp_target(package, 0);
	cr_assert(got->function_count == 2 && got->binding_count == 7 && got->state_count == 1);
	for (size_t i = 0; i < 2; i++) {
		struct hp_function a = got->functions[i], b = wanted->functions[i];

		same_text(a.name, b.name);
		same_text(a.object, b.object);
		a.name = b.name;
		a.object = b.object;
		cr_assert_eq(memcmp(&a, &b, sizeof(a)), 0);
	}
	for (size_t i = 0; i < 7; i++) {
		const struct hp_binding *a = &got->bindings[i], *b = &wanted->bindings[i];

		same_text(a->name, b->name);
		same_text(a->version, b->version);
		same_text(a->object, b->object);
		cr_assert(a->symbol == b->symbol && a->kind == b->kind && a->flags == b->flags &&
			  a->position == b->position && a->vaddr == b->vaddr && a->addend == b->addend);
	}
	same_text(got->states[0].name, "counter");
	same_text(got->states[0].owner, "serve");
	same_text(got->states[0].object, "src/serve.o");
	cr_assert(got->states[0].size == 24 && got->states[0].align == 16 &&
		  got->states[0].initial_hash[0] == 9 && got->states[0].symbol == wanted->states[0].symbol);
	hp_close(package);
	sample_free(sample);
}

Test(formats, same_content_gives_the_same_bytes)
{
	struct sample *one = sample_new(), *two = sample_new();

	cr_assert(one->size == two->size && !memcmp(one->bytes, two->bytes, one->size));
	sample_free(one);
	sample_free(two);
}

// redis-server, lua and luac hold the same objects of Lua.
Test(formats, images_with_the_same_payload_share_it)
{
	struct sample *sample = sample_make(), *one = sample_new();
	struct hp_target targets[2] = {sample->target, sample->target};
	struct hp_package *package;
	const struct hp_layout *layout[2];
	struct hp_error error;

	targets[1].name = "other";
	sample->content.targets = targets;
	sample->content.target_count = 2;
	cr_assert_eq(hp_encode(&sample->content, &sample->bytes, &sample->size, &error), 0, "%s",
		     error.message);
	cr_assert_eq(hp_open_memory(sample->bytes, sample->size, &package, &error), 0, "%s", error.message);
	cr_assert_eq(hp_chunk(package, 4)->raw_size, 0);
	cr_assert_lt(sample->size, one->size + 1200);
	cr_assert_eq(hp_target(package, 1)->payload_size, sample->payload_size);
	cr_assert_eq(memcmp(hp_target(package, 1)->payload, sample->payload, sample->payload_size), 0);
	cr_assert(!hp_layout(package, 0, &layout[0], NULL) && !hp_layout(package, 1, &layout[1], NULL));
	cr_assert_eq(layout[0]->size[0], layout[1]->size[0]);
	hp_close(package);
	sample_free(sample);
	sample_free(one);
}

Test(formats, the_first_payload_cannot_repeat_another)
{
	struct sample *sample = sample_make();
	struct hp_error error;

	sample->target.payload_size = 0;
	cr_assert_eq(hp_encode(&sample->content, &sample->bytes, &sample->size, &error), HP_MALFORMED);
	cr_assert(strstr(error.message, "repeat"), "%s", error.message);
	sample_free(sample);
}

Test(formats, every_flipped_bit_is_refused, .timeout = 110)
{
	struct sample *sample = sample_new();

	cr_assert_eq(open_status(sample->bytes, sample->size), 0);
	for (size_t bit = 0; bit < sample->size * 8; bit++) {
		sample->bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		cr_assert_lt(open_status(sample->bytes, sample->size), 0, "bit %zu of byte %zu", bit % 8,
			     bit / 8);
		sample->bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	sample_free(sample);
}

Test(formats, every_flipped_bit_of_a_signed_package_is_refused, .timeout = 110)
{
	uint8_t key[32];
	struct sample *sample = signed_sample(key);

	cr_assert_eq(open_status(sample->bytes, sample->size), 0);
	for (size_t bit = 0; bit < sample->size * 8; bit++) {
		sample->bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		cr_assert_lt(open_status(sample->bytes, sample->size), 0, "bit %zu of byte %zu", bit % 8,
			     bit / 8);
		sample->bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	sample_free(sample);
}

// Cut exactly before a signature it is the package as it was before that signature: intact, and not signed by it.
Test(formats, every_truncation_is_refused)
{
	uint8_t key[32];
	struct sample *sample = signed_sample(key);
	struct hp_package *package;

	for (size_t size = 0; size < sample->size; size++) {
		if (size != sample->size - TRAILER)
			cr_assert_lt(open_status(sample->bytes, size), 0, "%zu bytes", size);
	}
	cr_assert_eq(hp_open_memory(sample->bytes, sample->size - TRAILER, &package, NULL), 0);
	cr_assert_eq(hp_verify(package, key, NULL), HP_SIGNATURE);
	hp_close(package);
	sample_free(sample);
}

Test(formats, bytes_behind_the_end_are_refused)
{
	struct sample *sample = sample_new();
	uint8_t *longer = calloc(1, sample->size + 8 * TRAILER);

	memcpy(longer, sample->bytes, sample->size);
	for (size_t more = 1; more <= 2 * TRAILER; more++)
		cr_assert_lt(open_status(longer, sample->size + more), 0, "%zu bytes more", more);
	free(longer);
	sample_free(sample);
}

// ---- container -------------------------------------------------------------------------------------------------

static void expect_after(size_t at, size_t width, uint64_t value, int wanted)
{
	struct sample *sample = sample_new();
	int got;

	put(sample->bytes + at, value, width);
	reseal(sample->bytes);
	got = open_status(sample->bytes, sample->size);
	cr_assert_eq(got, wanted, "%zu: %s instead of %s", at, hp_status_text(got), hp_status_text(wanted));
	sample_free(sample);
}

Test(formats, an_unknown_version_is_refused)
{
	expect_after(8, 4, 2, HP_VERSION);
	expect_after(8, 4, 0, HP_VERSION);
}

Test(formats, another_file_is_not_a_package)
{
	static const char text[] =
		"#!/bin/sh\necho this is a text that is longer than a header of sixty-four bytes is\n";

	cr_assert_eq(open_status((const uint8_t *)text, sizeof(text)), HP_NOT_A_PACKAGE);
	cr_assert_eq(open_status((const uint8_t *)"", 0), HP_NOT_A_PACKAGE);
}

Test(formats, reserved_bytes_unknown_flags_and_displaced_chunks_are_refused)
{
	expect_after(24, 8, 1, HP_MALFORMED);
	expect_after(HEADER + 4, 4, 6, HP_UNSUPPORTED);
	expect_after(HEADER + ENTRY + 8, 8, HEADER, HP_MALFORMED);
}

// A stated size is only ever a limit: it is compared before memory is taken.
Test(formats, sizes_that_deflate_cannot_reach_are_refused)
{
	expect_after(HEADER + ENTRY + 24, 8, UINT64_MAX, HP_LIMIT);
	expect_after(HEADER + ENTRY + 24, 8, (uint64_t)257 << 20, HP_LIMIT);
	expect_after(HEADER + ENTRY + 24, 8, 255 << 20, HP_LIMIT);
}

Test(formats, a_stream_that_is_larger_or_smaller_than_stated_is_refused)
{
	struct sample *sample = sample_new();
	uint64_t raw = get(sample->bytes + HEADER + ENTRY + 24, 8);

	sample_free(sample);
	expect_after(HEADER + ENTRY + 24, 8, raw - 1, HP_MALFORMED);
	expect_after(HEADER + ENTRY + 24, 8, raw + 1, HP_MALFORMED);
	expect_after(HEADER + ENTRY + 24, 8, 0, HP_MALFORMED);
	expect_after(HEADER + ENTRY + 24, 8, raw, HP_OK);
}

Test(formats, an_optional_chunk_has_exactly_its_stated_size)
{
	static const uint8_t zeros[200];
	struct hp_chunk extra = {
		.type = "XTRA", .flags = HP_CHUNK_OPTIONAL, .data = zeros, .raw_size = sizeof(zeros)};

	for (int more = -1; more <= 1; more++) {
		struct sample *sample = sample_make();
		uint8_t *size;

		sample->content.extra = &extra;
		sample->content.extra_count = 1;
		cr_assert_eq(hp_encode(&sample->content, &sample->bytes, &sample->size, NULL), 0);
		size = sample->bytes + HEADER + 3 * ENTRY + 24;
		put(size, get(size, 8) + (uint64_t)(int64_t)more, 8);
		reseal(sample->bytes);
		cr_assert_eq(open_status(sample->bytes, sample->size), more ? HP_MALFORMED : HP_OK);
		sample_free(sample);
	}
}

Test(formats, bytes_that_belong_to_no_chunk_are_refused)
{
	struct sample *sample = sample_new();
	uint8_t *longer = calloc(1, sample->size + 8);

	memcpy(longer, sample->bytes, sample->size);
	put(longer + 16, sample->size + 8, 8);
	reseal(longer);
	cr_assert_eq(open_status(longer, sample->size + 8), HP_MALFORMED);
	free(longer);
	sample_free(sample);
}

// 16 MiB of zeros deflate to 16 KiB; with 17 such chunks the package is small and its contents are over the limit.
Test(formats, bombs_are_refused_before_they_are_inflated)
{
	enum { CHUNK = 16 << 20, CHUNKS = 17 };
	size_t count = CHUNKS + 1, at = HEADER + count * ENTRY, stored = compressBound(CHUNK);
	uint8_t *zeros = calloc(1, CHUNK), *deflated = malloc(stored), *bytes;

	cr_assert_eq(compress2(deflated, &stored, zeros, CHUNK, 9), Z_OK);
	bytes = calloc(count + 1, stored + 8 + ENTRY + HEADER);
	memcpy(bytes, "\x89HPK\r\n\x1a\n\1", 9);
	put(bytes + 12, count, 4);
	for (size_t i = 0; i < count; i++) {
		uint8_t *entry = bytes + HEADER + i * ENTRY;
		size_t size = i ? stored : 2;

		memcpy(entry, i ? "ZERO" : "MANI", 4);
		put(entry + 4, i ? 3 : 0, 4);
		put(entry + 8, at, 8);
		put(entry + 16, size, 8);
		put(entry + 24, i ? CHUNK : 2, 8);
		memcpy(bytes + at, i ? deflated : (const uint8_t *)"{}", size);
		at = (at + size + 7) & ~(size_t)7;
	}
	put(bytes + 16, at, 8);
	reseal(bytes);
	cr_assert_lt(at, 400000);
	cr_assert_eq(open_status(bytes, at), HP_LIMIT);
	free(bytes);
	free(deflated);
	free(zeros);
}

Test(formats, an_unknown_chunk_is_skipped_when_optional_and_refused_when_not)
{
	struct sample *sample = sample_make();
	struct hp_chunk extra = {
		.type = "XTRA", .flags = HP_CHUNK_OPTIONAL, .data = (const uint8_t *)"note", .raw_size = 4};
	struct hp_package *package;
	struct hp_error error;

	sample->content.extra = &extra;
	sample->content.extra_count = 1;
	cr_assert_eq(hp_encode(&sample->content, &sample->bytes, &sample->size, &error), 0, "%s",
		     error.message);
	cr_assert_eq(hp_open_memory(sample->bytes, sample->size, &package, NULL), 0);
	cr_assert_eq(hp_chunk_count(package), 4);
	cr_assert_str_eq(hp_chunk(package, 3)->type, "XTRA");
	cr_assert(hp_chunk(package, 3)->raw_size == 4 && !memcmp(hp_chunk(package, 3)->data, "note", 4));
	hp_close(package);
	put(sample->bytes + HEADER + 3 * ENTRY + 4, 0, 4);
	reseal(sample->bytes);
	cr_assert_eq(open_status(sample->bytes, sample->size), HP_UNSUPPORTED);
	sample_free(sample);
}

// ---- signatures ------------------------------------------------------------------------------------------------

Test(formats, a_signature_is_right_by_its_key_only)
{
	uint8_t key[32], other[32], secret[64], seed[32] = {8};
	struct sample *sample = signed_sample(key);
	struct hp_package *package;
	uint8_t *twice;
	size_t size;

	crypto_sign_seed_keypair(other, secret, seed);
	cr_assert_eq(hp_open_memory(sample->bytes, sample->size, &package, NULL), 0);
	cr_assert_eq(hp_verify(package, key, NULL), 0);
	cr_assert_eq(hp_verify(package, other, NULL), HP_SIGNATURE);
	hp_close(package);
	cr_assert_eq(hp_sign(sample->bytes, sample->size, secret, &twice, &size, NULL), 0);
	cr_assert_eq(hp_open_memory(twice, size, &package, NULL), 0);
	cr_assert_eq(hp_signature_count(package), 2);
	cr_assert_eq(hp_verify(package, key, NULL), 0);
	cr_assert_eq(hp_verify(package, other, NULL), 0);
	hp_close(package);
	free(twice);
	sample_free(sample);
}

Test(formats, a_signature_of_another_package_is_refused)
{
	uint8_t key[32];
	struct sample *sample = signed_sample(key), *other = sample_make();
	uint8_t *spliced;

	other->functions[0].old_size++;
	cr_assert_eq(hp_encode(&other->content, &other->bytes, &other->size, NULL), 0);
	spliced = malloc(other->size + TRAILER);
	memcpy(spliced, other->bytes, other->size);
	memcpy(spliced + other->size, sample->bytes + sample->size - TRAILER, TRAILER);
	cr_assert_eq(open_status(spliced, other->size + TRAILER), HP_SIGNATURE);
	free(spliced);
	sample_free(sample);
	sample_free(other);
}

Test(formats, the_digest_does_not_change_when_signed)
{
	uint8_t key[32], before[32], after[32];
	struct sample *plain = sample_new(), *sample = signed_sample(key);
	struct hp_package *package;

	cr_assert_eq(hp_open_memory(plain->bytes, plain->size, &package, NULL), 0);
	hp_digest(package, before);
	hp_close(package);
	cr_assert_eq(hp_open_memory(sample->bytes, sample->size, &package, NULL), 0);
	hp_digest(package, after);
	hp_close(package);
	cr_assert_eq(memcmp(before, after, 32), 0);
	sample_free(plain);
	sample_free(sample);
}

// A kernel has no segments of its image at hand: its appliers go by symbol and section.
Test(formats, a_kernel_target_needs_no_segments)
{
	struct sample *sample = sample_make();
	struct hp_package *package;
	struct hp_error error;

	sample->target.kind = HP_TARGET_LINUX;
	sample->target.elf_type = ET_EXEC;
	sample->target.segment_count = 0;
	sample->target.flags = 0;
	sample->functions[0].vaddr = 0xffffffff81234560;
	sample->bindings[0].kind = HP_BIND_KERNEL;
	sample->bindings[0].object = "ext4";
	sample->bindings[0].flags = HP_BINDING_EXPORTED;
	cr_assert_eq(hp_encode(&sample->content, &sample->bytes, &sample->size, &error), 0, "%s",
		     error.message);
	cr_assert_eq(hp_open_memory(sample->bytes, sample->size, &package, NULL), 0);
	cr_assert_eq(hp_target(package, 0)->functions[0].vaddr, 0xffffffff81234560);
	cr_assert_str_eq(hp_target(package, 0)->bindings[0].object, "ext4");
	hp_close(package);
	sample_free(sample);
}

// ---- rules for records -----------------------------------------------------------------------------------------

#define REFUSES(name, wanted, change)                                                                        \
	Test(formats_rules, name)                                                                            \
	{                                                                                                    \
		struct sample *sample = sample_make();                                                       \
		struct hp_error error;                                                                       \
		int got;                                                                                     \
                                                                                                             \
		change;                                                                                      \
		got = hp_encode(&sample->content, &sample->bytes, &sample->size, &error);                    \
		cr_assert_eq(got, wanted, "%s", hp_status_text(got));                                        \
		cr_assert_null(sample->bytes);                                                               \
		sample_free(sample);                                                                         \
	}

REFUSES(an_unknown_kind, HP_UNSUPPORTED, sample->target.kind = 9)
REFUSES(a_target_without_name, HP_MALFORMED, sample->target.name = NULL)
REFUSES(a_target_named_by_path, HP_MALFORMED, sample->target.name = "../server")
REFUSES(a_target_without_build_id, HP_MALFORMED, sample->target.build_id_size = 0)
REFUSES(a_function_without_name, HP_MALFORMED, sample->functions[0].name = NULL)
REFUSES(a_name_that_would_move_the_cursor, HP_MALFORMED, sample->functions[0].name = "serve\x1b[2J")
REFUSES(a_name_that_is_not_utf8, HP_MALFORMED, sample->functions[0].name = "serve\xff")
REFUSES(a_function_outside_of_code, HP_MALFORMED, sample->functions[0].vaddr = 0x9000)
REFUSES(a_function_that_wraps_around, HP_MALFORMED, sample->functions[0].old_size = UINT64_MAX - 8)
REFUSES(an_empty_function, HP_MALFORMED, sample->functions[0].old_size = 0)
REFUSES(a_function_with_an_undefined_body, HP_MALFORMED,
	sample->functions[0].symbol = sample->symbols[OUTSIDE])
REFUSES(a_function_with_a_body_that_is_not_there, HP_MALFORMED, sample->functions[0].symbol = 4711)
REFUSES(a_prologue_that_is_not_there, HP_MALFORMED, sample->functions[0].prologue = 4711)
REFUSES(a_jump_that_is_too_long, HP_MALFORMED, sample->functions[0].jump_size = 4000)
REFUSES(unknown_function_flags, HP_UNSUPPORTED, sample->functions[0].flags = 64)
REFUSES(a_part_of_no_function, HP_MALFORMED, sample->parts[0].function = 2)
REFUSES(a_part_outside_of_code, HP_MALFORMED, sample->parts[0].vaddr = 0x7fff)
REFUSES(a_part_that_is_not_there, HP_MALFORMED, sample->parts[1].symbol = 4711)
REFUSES(a_mask_outside_of_its_function, HP_MALFORMED, sample->masks[0].offset = 97)
REFUSES(a_mask_that_wraps_around, HP_MALFORMED, sample->masks[0].size = UINT32_MAX)
REFUSES(an_unknown_binding, HP_UNSUPPORTED, sample->bindings[0].kind = 8)
REFUSES(a_slot_outside_of_the_image, HP_MALFORMED, sample->bindings[2].vaddr = 0xbffc)
REFUSES(a_lookup_without_name, HP_MALFORMED, sample->bindings[6].name = NULL)
REFUSES(two_bindings_of_one_symbol, HP_MALFORMED, sample->bindings[1].symbol = sample->symbols[OUTSIDE])
REFUSES(one_symbol_bound_twice_beside_all_others, HP_MALFORMED,
	(sample->bindings[7] = sample->bindings[1], sample->target.binding_count = 8))
REFUSES(a_binding_of_a_defined_symbol, HP_MALFORMED, sample->bindings[1].symbol = sample->symbols[BODY])
REFUSES(a_symbol_without_binding, HP_MALFORMED, sample->target.binding_count = 6)
REFUSES(a_state_without_name, HP_MALFORMED, sample->states[0].name = NULL)
REFUSES(an_impossible_alignment, HP_MALFORMED, sample->states[0].align = 24)
REFUSES(an_unknown_phase, HP_UNSUPPORTED, sample->hooks[0].phase = 5)
REFUSES(a_hook_that_is_not_there, HP_MALFORMED, sample->hooks[0].symbol = 0)
REFUSES(a_segment_that_wraps_around, HP_MALFORMED, sample->segments[1].memory_size = UINT64_MAX)
REFUSES(a_manifest_that_is_not_utf8, HP_MALFORMED, sample->content.manifest = "{\"id\":\"\xc0\x80\"}")
REFUSES(a_payload_for_another_machine, HP_MALFORMED, sample->target.machine = EM_AARCH64)
REFUSES(a_payload_that_is_cut_short, HP_MALFORMED, sample->target.payload_size -= 1)

// ---- rules for payloads ----------------------------------------------------------------------------------------

static Elf64_Shdr *payload_section(const struct sample *sample, const char *name)
{
	const Elf64_Ehdr *header = (const void *)sample->payload;
	Elf64_Shdr *sections = (void *)(sample->payload + header->e_shoff);

	for (unsigned i = 0; i < header->e_shnum; i++)
		if (!strcmp((const char *)sample->payload + sections[header->e_shstrndx].sh_offset +
				    sections[i].sh_name,
			    name))
			return &sections[i];
	NEED(false, name);
}

static Elf64_Sym *payload_symbol(const struct sample *sample, unsigned name)
{
	return (Elf64_Sym *)(void *)(sample->payload + payload_section(sample, ".symtab")->sh_offset) +
	       sample->symbols[name];
}

REFUSES(a_payload_with_writable_code, HP_UNSUPPORTED, payload_section(sample, ".text")->sh_flags |= SHF_WRITE)
REFUSES(a_payload_with_thread_local_data, HP_UNSUPPORTED,
	payload_section(sample, ".data")->sh_flags |= SHF_TLS)
REFUSES(a_payload_section_outside_of_the_file, HP_MALFORMED,
	payload_section(sample, ".text")->sh_offset = UINT64_MAX)
REFUSES(a_payload_section_with_a_crooked_alignment, HP_MALFORMED,
	payload_section(sample, ".text")->sh_addralign = 24)
REFUSES(a_payload_section_that_is_huge_in_memory, HP_MALFORMED,
	payload_section(sample, ".bss")->sh_size = 1ull << 40)
REFUSES(a_payload_that_is_huge_in_memory, HP_LIMIT,
	payload_section(sample, ".bss")->sh_size = (256u << 20) - 8)
REFUSES(a_payload_with_two_symbol_tables, HP_MALFORMED,
	payload_section(sample, ".note.GNU-stack")->sh_type = SHT_SYMTAB)
REFUSES(a_payload_without_symbol_table, HP_MALFORMED,
	payload_section(sample, ".symtab")->sh_type = SHT_PROGBITS)
REFUSES(a_payload_symbol_outside_of_its_section, HP_MALFORMED,
	payload_symbol(sample, BODY)->st_value = 0x1000)
REFUSES(a_payload_symbol_in_no_section, HP_MALFORMED, payload_symbol(sample, BODY)->st_shndx = 99)
REFUSES(a_common_payload_symbol, HP_UNSUPPORTED, payload_symbol(sample, BODY)->st_shndx = SHN_COMMON)
REFUSES(a_payload_symbol_without_name, HP_MALFORMED, payload_symbol(sample, BODY)->st_name = UINT32_MAX)
REFUSES(a_body_that_is_not_loaded, HP_MALFORMED, payload_section(sample, ".text")->sh_flags = 0)
REFUSES(a_payload_that_is_an_image, HP_MALFORMED, ((Elf64_Ehdr *)(void *)sample->payload)->e_type = ET_DYN)
REFUSES(a_payload_of_32_bits, HP_MALFORMED, sample->payload[EI_CLASS] = ELFCLASS32)
REFUSES(a_payload_with_headers_outside_of_the_file, HP_MALFORMED,
	((Elf64_Ehdr *)(void *)sample->payload)->e_shoff = UINT64_MAX - 100)
