// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The control block that a target holds: read from a stranger's memory. An input is the contents of records (type,
 * length in two bytes, contents); sequence numbers and checksums are made right here, so that every mutation gets
 * past them. The last two bytes of an input, when there are two left, are the generation word.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "apply/control.h"
#include "apply/record.h"
#include "tests/fuzz/driver.h"

enum { ADDRESS = 0x10000000, BLOCK = CONTROL_SIZE };

const char *fuzz_seeds;
static struct process process = {.memory = -1};
static struct mapping mapping = {
	.start = ADDRESS, .end = ADDRESS + BLOCK, .read = true, .execute = true, .path = ""};

static void use(const struct control *control)
{
	const struct control_generation *active = control_active(control);
	uint64_t sum = control_last_generation(control);

	for (uint32_t i = 0; active && i < control->functions.count; i++)
		sum += control_body_among(control, i, active->packages, active->package_count);
	for (size_t i = 0; i < control->bodies.count; i++)
		sum += control_body_size(control, &control->bodies.at[i]);
	for (uint32_t i = 0; i < control->packages.count; i++)
		sum += control_was_active(control, i) + strlen(control->packages.at[i].id);
	for (size_t i = 0; i < control->functions.count; i++)
		for (uint32_t p = 0; p < control->functions.at[i].part_count; p++)
			sum += control->functions.at[i].parts[p].end;
	__asm__ volatile("" : : "r"(sum));
}

static uint8_t *make_block(const uint8_t *data, size_t size)
{
	uint8_t *block = calloc(1, BLOCK);
	size_t at = CONTROL_RECORDS, used = 0;
	uint64_t word = 0;

	if (pread(process.memory, block, CONTROL_RECORDS, ADDRESS) != CONTROL_RECORDS)
		abort();
	for (uint64_t sequence = 0; size - used >= 3; sequence++) {
		uint8_t type = data[used];
		size_t length = data[used + 1] | (size_t)data[used + 2] << 8, whole;
		struct builder builder = {0};
		uint8_t *record;

		used += 3;
		if (length > size - used)
			length = size - used;
		for (size_t i = 0; i < length; i++)
			*vec_push(&builder.bytes) = data[used + i];
		used += length;
		record = record_finish(&builder, type, sequence, &whole);
		if (whole > BLOCK - at) {
			free(record);
			break;
		}
		memcpy(block + at, record, whole);
		at += whole;
		free(record);
	}
	if (size - used == 2)
		word = data[used];
	memcpy(block + CONTROL_WORD, &word, sizeof(word));
	return block;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *message;
	struct control *control;
	uint8_t *block = make_block(data, size);

	control = control_parse(&process, ADDRESS, block, BLOCK, &message);
	if (control)
		use(control);
	control_free(control);
	// The bytes as they are, without anything made right.
	if (size >= CONTROL_RECORDS) {
		control = control_parse(&process, ADDRESS, data, size, &message);
		control_free(control);
	}
	free(block);
	return 0;
}

// ---- seeds -------------------------------------------------------------------------------------------------

static void put(struct builder *seed, uint8_t type, struct builder *contents)
{
	*vec_push(&seed->bytes) = type;
	*vec_push(&seed->bytes) = (uint8_t)contents->bytes.count;
	*vec_push(&seed->bytes) = (uint8_t)(contents->bytes.count >> 8);
	for (size_t i = 0; i < contents->bytes.count; i++)
		*vec_push(&seed->bytes) = contents->bytes.at[i];
	free(contents->bytes.at);
	*contents = (struct builder){0};
}

static void write_seed(const char *name, const uint8_t *bytes, size_t size)
{
	char *path = path_join(fuzz_seeds, name);

	if (file_write(path, bytes, size))
		abort();
	free(path);
}

static void put_package(struct builder *seed, uint32_t number)
{
	const char *fix = "CVE-2000-1";
	struct control_range part = {0x401000, 0x401040};
	uint32_t active[] = {number};
	struct builder one = {0};

	encode_package(&one, &(struct control_package){
				     .id = number ? "KB2" : "KB1", .title = "title", .fixes = {&fix, 1}});
	put(seed, RECORD_PACKAGE, &one);
	encode_code(&one, &(struct control_code){.package = number,
						 .address = 0x500040 + 0x1000 * number,
						 .size = 0x400,
						 .eh_frame = 0x500140 + 0x1000 * number,
						 .eh_frame_size = 0x40});
	put(seed, RECORD_CODE, &one);
	encode_function(&one, &(struct control_function){.jump_size = 7,
							 .entry = 0x401000,
							 .jump = 0x401000,
							 .old_size = 64,
							 .original_size = 7,
							 .prologue = 0x500300,
							 .prologue_size = 12,
							 .name = "function",
							 .parts = &part,
							 .part_count = 1});
	if (number == 0)
		put(seed, RECORD_FUNCTION, &one);
	else
		free(one.bytes.at), one = (struct builder){0};
	encode_body(&one, &(struct control_body){number, 0, 0x500050 + 0x1000 * number});
	put(seed, RECORD_BODY, &one);
	encode_trampoline(&one, &(struct control_trampoline){0, number, number + 1, 0x500320 + 0x20 * number,
							     number ? 0x500320 : 0x500300});
	put(seed, RECORD_TRAMPOLINE, &one);
	encode_state(&one, &(struct control_state){.package = number,
						   .address = 0x600000,
						   .size = 8,
						   .align = 8,
						   .object = "a.o",
						   .owner = "function",
						   .name = "count"});
	put(seed, RECORD_STATE, &one);
	encode_generation(&one, &(struct control_generation){number + 1, number, active, 1});
	put(seed, RECORD_GENERATION, &one);
}

__attribute__((constructor)) static void make_seeds(void)
{
	struct builder seed = {0}, one = {0};

	process.memory = memfd_create("target", MFD_CLOEXEC);
	process.mappings = &mapping;
	process.mapping_count = 1;
	process.arena = arena_new();
	if (process.memory < 0 || ftruncate(process.memory, ADDRESS + BLOCK) ||
	    control_create(&process, ADDRESS))
		abort();
	fuzz_seeds = fuzz_make_seeds("");
	if (!fuzz_seeds)
		abort();
	encode_image(&one, &(struct control_image){.base = 0x400000,
						   .start = 0x400000,
						   .end = 0x403000,
						   .build_id_size = 20,
						   .name = "program"});
	put(&seed, RECORD_IMAGE, &one);
	encode_region(&one, &(struct control_region){.protection = 5, .address = 0x500000, .size = 0x2000});
	put(&seed, RECORD_REGION, &one);
	put_package(&seed, 0);
	write_seed("one", seed.bytes.at, seed.bytes.count);
	put_package(&seed, 1);
	*vec_push(&seed.bytes) = 1;
	*vec_push(&seed.bytes) = 0;
	write_seed("two", seed.bytes.at, seed.bytes.count);
	free(seed.bytes.at);
}
