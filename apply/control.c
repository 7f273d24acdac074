// SPDX-License-Identifier: GPL-3.0-or-later
// Finding, reading and extending the control block.
#include "apply/control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <zlib.h>

#include "apply/record.h"

enum { LOW_LIMIT = 0x7fffffff, PAGE = 4096 };

// The first 64 bytes of the block.
struct header {
	uint8_t magic[CONTROL_MAGIC_SIZE];
	uint32_t version, records; /* offset of the first record */
	uint64_t address, size;    /* its own */
	uint64_t reserved[2];
	uint32_t zero, check; /* CRC-32 of the 60 bytes before */
};
_Static_assert(sizeof(struct header) == 64, "the generation word follows the header");

// A region of ours begins with this.
struct region_mark {
	uint8_t magic[CONTROL_MAGIC_SIZE];
	uint64_t block, address, size;
};
_Static_assert(sizeof(struct region_mark) <= CONTROL_REGION_MARK, "room for the mark");

static struct region_mark region_mark_for(const struct control *control, const struct control_region *region)
{
	return (struct region_mark){
		.magic = CONTROL_REGION_MAGIC,
		.block = control->address,
		.address = region->address,
		.size = region->size,
	};
}

static struct header make_header(uint64_t address)
{
	struct header header = {
		.magic = CONTROL_MAGIC,
		.version = CONTROL_VERSION,
		.records = CONTROL_RECORDS,
		.address = address,
		.size = CONTROL_SIZE,
	};

	header.check = (uint32_t)crc32(0, (const uint8_t *)&header, 60);
	return header;
}

static bool header_ok(const struct header *header, uint64_t address, uint64_t room, const char **message)
{
	static const uint8_t magic[CONTROL_MAGIC_SIZE] = CONTROL_MAGIC;

	*message = NULL;
	if (memcmp(header->magic, magic, sizeof(magic)))
		return false;
	if (header->check != (uint32_t)crc32(0, (const uint8_t *)header, 60))
		*message = "its control block has a wrong checksum";
	else if (header->version != CONTROL_VERSION)
		*message = "its control block has an unknown version";
	else if (header->address != address || address % PAGE || header->size > room ||
		 header->size > CONTROL_SIZE_MAX || header->size < CONTROL_RECORDS ||
		 header->records != CONTROL_RECORDS)
		*message = "its control block does not describe itself";
	return !*message;
}

static bool read_log(struct control *control, const uint8_t *bytes, const char **message)
{
	uint64_t at = CONTROL_RECORDS;
	size_t size;
	uint32_t type;

	while (record_check(bytes + at, control->size - at, control->sequence, &type, &size)) {
		struct cursor cursor = {
			.at = bytes + at + RECORD_HEADER_SIZE,
			.end = bytes + at + size,
			.arena = control->arena,
		};

		if (!record_decode(control, type, &cursor)) {
			*message = "its control block holds a record that makes no sense";
			return false;
		}
		at += size;
		control->sequence++;
	}
	control->end = at;
	for (size_t i = 0; i < RECORD_HEADER_SIZE && at + i < control->size; i++)
		control->torn |= bytes[at + i] != 0;
	return true;
}

static void note_use(struct control *control, uint64_t address, uint64_t size)
{
	for (size_t i = 0; i < control->regions.count; i++) {
		struct control_region *region = &control->regions.at[i];
		uint64_t end;

		if (address < region->address || address - region->address >= region->size)
			continue;
		end = address - region->address + size;
		if (end > region->used)
			region->used = end < region->size ? end : region->size;
	}
}

// Is all of it there, with the protection it should have, and marked as ours? (The applier may have died between
// recording and mapping it, and the program may have mapped something there since.)
static bool region_mapped(const struct control *control, const struct control_region *region)
{
	const struct process *process = control->process;
	uint64_t at = region->address, end = region->address + region->size;
	struct region_mark mark, want = region_mark_for(control, region);

	while (at < end) {
		const struct mapping *mapping = process_mapping_at(process, at);

		if (!mapping || *mapping->path || mapping->shared || !mapping->read ||
		    mapping->execute != !!(region->protection & PROT_EXEC) ||
		    mapping->write != !!(region->protection & PROT_WRITE))
			return false;
		at = mapping->end;
	}
	return region->size && !process_read(process, region->address, &mark, sizeof(mark)) &&
	       !memcmp(&mark, &want, sizeof(mark));
}

int control_mark_region(const struct control *control, struct control_region *region)
{
	struct region_mark mark = region_mark_for(control, region);
	int error = process_write(control->process, region->address, &mark, sizeof(mark));

	region->mapped = !error;
	return error;
}

static void derive(struct control *control)
{
	for (size_t i = 0; i < control->regions.count; i++) {
		control->regions.at[i].used = CONTROL_REGION_MARK;
		control->regions.at[i].mapped = region_mapped(control, &control->regions.at[i]);
	}
	for (size_t i = 0; i < control->codes.count; i++) {
		note_use(control, control->codes.at[i].address, control->codes.at[i].size);
		note_use(control, control->codes.at[i].data, control->codes.at[i].data_size);
	}
	for (size_t i = 0; i < control->trampolines.count; i++)
		note_use(control, control->trampolines.at[i].address, TRAMPOLINE_SIZE);
}

// The record of a generation is complete before its number is stored as the word: no death leaves the word ahead.
static bool word_recorded(const struct control *control)
{
	uint64_t last = 0;

	for (size_t i = 0; i < control->generations.count; i++) {
		if (control->generations.at[i].number > last)
			last = control->generations.at[i].number;
	}
	return control->word <= last;
}

struct control *control_parse(struct process *process, uint64_t address, const uint8_t *bytes, size_t size,
			      const char **message)
{
	struct arena *arena;
	struct control *control;
	struct header header;

	*message = NULL;
	if (size < CONTROL_RECORDS)
		return NULL;
	memcpy(&header, bytes, sizeof(header));
	if (!header_ok(&header, address, size, message))
		return NULL;
	arena = arena_new();
	control = arena_alloc(arena, sizeof(*control));
	control->arena = arena;
	control->process = process;
	control->address = address;
	control->size = header.size;
	memcpy(&control->word, bytes + CONTROL_WORD, sizeof(control->word));
	if (control->word >= GENERATION_NEVER)
		*message = "its control block's generation cannot be";
	if (!*message && read_log(control, bytes, message) && !word_recorded(control))
		*message = "its control block's generation is not in its records";
	if (*message) {
		control_free(control);
		return NULL;
	}
	derive(control);
	return control;
}

static bool could_be_ours(const struct mapping *mapping)
{
	return mapping->start < LOW_LIMIT && mapping->read && mapping->execute && !mapping->write &&
	       !mapping->shared && !*mapping->path;
}

// Two blocks side by side would be one mapping: every page of one that could hold a block is looked at.
static struct control *look_in(struct process *process, const struct mapping *mapping, const char **message)
{
	for (uint64_t at = mapping->start; at < mapping->end && at < LOW_LIMIT; at += PAGE) {
		uint64_t room = mapping->end - at;
		struct header header;
		struct control *control;
		uint8_t *bytes;

		if (process_read(process, at, &header, sizeof(header)) ||
		    !header_ok(&header, at, room, message)) {
			if (*message)
				return NULL;
			continue;
		}
		bytes = xalloc(header.size);
		control = process_read(process, at, bytes, header.size)
				  ? NULL
				  : control_parse(process, at, bytes, header.size, message);
		free(bytes);
		return control;
	}
	return NULL;
}

struct control *control_find(struct process *process, const char **message)
{
	*message = NULL;
	for (size_t i = 0; i < process->mapping_count; i++) {
		struct control *control;

		if (!could_be_ours(&process->mappings[i]))
			continue;
		control = look_in(process, &process->mappings[i], message);
		if (control || *message)
			return control;
	}
	return NULL;
}

uint64_t control_find_blank(const struct process *process)
{
	for (size_t i = 0; i < process->mapping_count; i++) {
		const struct mapping *mapping = &process->mappings[i];
		uint8_t *bytes;
		bool blank;

		if (!could_be_ours(mapping) || mapping->end - mapping->start != CONTROL_SIZE)
			continue;
		bytes = xalloc(CONTROL_SIZE);
		blank = !process_read(process, mapping->start, bytes, CONTROL_SIZE) && !bytes[0] &&
			!memcmp(bytes, bytes + 1, CONTROL_SIZE - 1);
		free(bytes);
		if (blank)
			return mapping->start;
	}
	return 0;
}

int control_create(const struct process *process, uint64_t address)
{
	struct header header = make_header(address);

	return process_write(process, address, &header, sizeof(header));
}

void control_free(struct control *control)
{
	if (!control)
		return;
	free(control->images.at);
	free(control->regions.at);
	free(control->packages.at);
	free(control->codes.at);
	free(control->functions.at);
	free(control->bodies.at);
	free(control->trampolines.at);
	free(control->states.at);
	free(control->generations.at);
	arena_free(control->arena);
}

static int append(struct control *control, uint32_t type, struct builder *builder)
{
	size_t size;
	uint8_t *record = record_finish(builder, type, control->sequence, &size);
	struct cursor cursor = {
		.at = record + RECORD_HEADER_SIZE,
		.end = record + size,
		.arena = control->arena,
	};
	int error = size > RECORD_SIZE_MAX || size > control->size - control->end ? -ENOSPC : 0;

	if (!error)
		error = process_write(control->process, control->address + control->end, record, size);
	if (!error && !record_decode(control, type, &cursor))
		error = -EINVAL;
	if (!error) {
		control->end += size;
		control->sequence++;
		control->torn = false;
	}
	free(record);
	return error;
}

int control_add_image(struct control *control, const struct control_image *image)
{
	struct builder builder = {0};

	encode_image(&builder, image);
	return append(control, RECORD_IMAGE, &builder);
}

int control_add_region(struct control *control, const struct control_region *region)
{
	struct builder builder = {0};
	int error;

	encode_region(&builder, region);
	error = append(control, RECORD_REGION, &builder);
	if (!error)
		control->regions.at[control->regions.count - 1].used = CONTROL_REGION_MARK;
	return error;
}

int control_add_package(struct control *control, const struct control_package *package)
{
	struct builder builder = {0};

	encode_package(&builder, package);
	return append(control, RECORD_PACKAGE, &builder);
}

int control_add_code(struct control *control, const struct control_code *code)
{
	struct builder builder = {0};
	int error;

	encode_code(&builder, code);
	error = append(control, RECORD_CODE, &builder);
	if (!error) {
		note_use(control, code->address, code->size);
		note_use(control, code->data, code->data_size);
	}
	return error;
}

int control_add_function(struct control *control, const struct control_function *function)
{
	struct builder builder = {0};

	encode_function(&builder, function);
	return append(control, RECORD_FUNCTION, &builder);
}

int control_add_body(struct control *control, const struct control_body *body)
{
	struct builder builder = {0};

	encode_body(&builder, body);
	return append(control, RECORD_BODY, &builder);
}

int control_add_trampoline(struct control *control, const struct control_trampoline *trampoline)
{
	struct builder builder = {0};
	int error;

	encode_trampoline(&builder, trampoline);
	error = append(control, RECORD_TRAMPOLINE, &builder);
	if (!error)
		note_use(control, trampoline->address, TRAMPOLINE_SIZE);
	return error;
}

int control_add_state(struct control *control, const struct control_state *state)
{
	struct builder builder = {0};

	encode_state(&builder, state);
	return append(control, RECORD_STATE, &builder);
}

int control_add_generation(struct control *control, const struct control_generation *generation)
{
	struct builder builder = {0};

	encode_generation(&builder, generation);
	return append(control, RECORD_GENERATION, &builder);
}

// What a package adds at most for each function (its function, body and trampoline records, with parts and name), and
// what one switch needs for every function there is: the last is kept free for taking packages back.
bool control_has_room(const struct control *control, size_t functions)
{
	static const uint64_t each = 1024, trampoline = 64, other = 8192;
	uint64_t left = control->size - control->end;
	uint64_t back = (control->functions.count + functions) * trampoline + other;

	return left >= functions * each + back + other;
}

const struct control_generation *control_generation_numbered(const struct control *control, uint64_t number)
{
	for (size_t i = control->generations.count; i-- > 0;) {
		if (control->generations.at[i].number == number)
			return &control->generations.at[i];
	}
	return NULL;
}

const struct control_generation *control_active(const struct control *control)
{
	return control_generation_numbered(control, control->word);
}

uint64_t control_last_generation(const struct control *control)
{
	uint64_t last = control->word;

	for (size_t i = 0; i < control->generations.count; i++) {
		if (control->generations.at[i].number > last)
			last = control->generations.at[i].number;
	}
	for (size_t i = 0; i < control->trampolines.count; i++) {
		if (control->trampolines.at[i].generation > last)
			last = control->trampolines.at[i].generation;
	}
	return last;
}

uint32_t control_body_among(const struct control *control, uint32_t function, const uint32_t *packages,
			    uint32_t count)
{
	uint32_t best = CONTROL_NONE;

	for (uint32_t i = 0; i < count; i++) {
		for (size_t j = 0; j < control->bodies.count; j++) {
			if (control->bodies.at[j].package == packages[i] &&
			    control->bodies.at[j].function == function)
				best = (uint32_t)j;
		}
	}
	return best;
}

// Follows the generations back from the active one: a number that is not on this way was prepared by an applier
// that died, and never switched to.
bool control_was_active(const struct control *control, uint32_t package)
{
	uint64_t number = control->word;

	while (number) {
		const struct control_generation *generation = control_generation_numbered(control, number);

		if (!generation)
			return true; // a damaged log: the careful answer
		for (uint32_t i = 0; i < generation->package_count; i++) {
			if (generation->packages[i] == package)
				return true;
		}
		if (generation->before >= number)
			return true;
		number = generation->before;
	}
	return false;
}

uint64_t control_body_size(const struct control *control, const struct control_body *body)
{
	uint64_t end = 0;

	for (size_t i = 0; i < control->codes.count; i++) {
		const struct control_code *code = &control->codes.at[i];

		if (body->address >= code->address && body->address - code->address < code->size)
			end = code->address + code->size;
	}
	for (size_t i = 0; i < control->bodies.count; i++) {
		if (control->bodies.at[i].address > body->address && control->bodies.at[i].address < end)
			end = control->bodies.at[i].address;
	}
	return end > body->address ? end - body->address : 0;
}
