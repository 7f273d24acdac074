// SPDX-License-Identifier: GPL-3.0-or-later
// Opens and links packages. An input that begins with the package magic is opened as it is, then once more with its
// digests made right. Any other input is taken as the contents of the three chunks (two u32 sizes, manifest, target
// record, payload) and put into a container with right digests: so mutations reach the inner decoders.
#include "tests/fuzz/driver.h"
#include "tests/unit/test_formats.h"

const char *fuzz_seeds;

enum { HEADER = 64, ENTRY = 64, LINK_MAX = 1 << 20 };

static uint64_t get(const uint8_t *at, size_t size)
{
	uint64_t value = 0;

	while (size--)
		value = value << 8 | at[size];
	return value;
}

static void put(uint8_t *at, uint64_t value, size_t size)
{
	for (size_t i = 0; i < size; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

static int resolve(void *arg, const struct hp_binding *binding, uint64_t *value)
{
	(void)arg;
	*value = binding->vaddr * 3;
	return binding->name && strlen(binding->name) % 5 == 4;
}

static void link_target(struct hp_package *package, size_t index)
{
	struct hp_place place = {.bias = 0x10000000, .address = {0x20000000, 0x20400000}};
	const struct hp_layout *layout;
	struct hp_error error;
	void *code, *data;

	if (hp_layout(package, index, &layout, &error) || layout->size[0] > LINK_MAX ||
	    layout->size[1] > LINK_MAX)
		return;
	code = malloc(layout->size[0] + 1);
	data = malloc(layout->size[1] + 1);
	hp_link(package, index, &place, resolve, NULL, code, data, &error);
	free(code);
	free(data);
}

// Reads everything that a target gives out, as an applier would: a sanitizer sees each byte that is not there.
static size_t read_target(struct hp_package *package, size_t index)
{
	const struct hp_target *target = hp_target(package, index);
	struct hp_symbol symbol;
	size_t sum = strlen(target->name) + (target->soname ? strlen(target->soname) : 0);

	for (size_t i = 0; i < target->build_id_size; i++)
		sum += target->build_id[i];
	for (size_t i = 0; i < target->function_count; i++) {
		sum += strlen(target->functions[i].name) + target->functions[i].old_bytes[31];
		if (hp_symbol(package, index, target->functions[i].symbol, &symbol, NULL) ||
		    symbol.region == HP_REGION_NONE)
			abort();
		sum += strlen(symbol.name);
	}
	for (size_t i = 0; i < target->binding_count; i++)
		sum += target->bindings[i].name ? strlen(target->bindings[i].name) : 0;
	for (size_t i = 0; i < target->part_count; i++)
		sum += target->functions[target->parts[i].function].old_size;
	for (size_t i = 0; i < target->state_count; i++)
		sum += strlen(target->states[i].name);
	for (size_t i = 0; i < target->payload_size; i++)
		sum += target->payload[i];
	return sum;
}

static void open_and_link(const uint8_t *bytes, size_t size)
{
	static volatile size_t sink;
	struct hp_package *package;
	struct hp_error error;

	if (hp_open_memory(bytes, size, &package, &error))
		return;
	sink += strlen(hp_manifest(package, NULL));
	for (size_t i = 0; i < hp_target_count(package); i++) {
		sink += read_target(package, i);
		link_target(package, i);
	}
	hp_close(package);
}

static void make_digests_right(uint8_t *bytes, size_t size)
{
	size_t count = get(bytes + 12, 4);
	crypto_hash_sha256_state hash;

	if (count > (size - HEADER) / ENTRY)
		return;
	for (size_t i = 0; i < count; i++) {
		uint8_t *entry = bytes + HEADER + i * ENTRY;
		uint64_t offset = get(entry + 8, 8), stored = get(entry + 16, 8);

		if (offset <= size && stored <= size - offset)
			crypto_hash_sha256(entry + 32, bytes + offset, stored);
	}
	crypto_hash_sha256_init(&hash);
	crypto_hash_sha256_update(&hash, bytes, 32);
	crypto_hash_sha256_update(&hash, bytes + HEADER, count * ENTRY);
	crypto_hash_sha256_final(&hash, bytes + 32);
}

static void open_contents(const uint8_t *data, size_t size)
{
	static const char *const types[] = {"MANI", "TARG", "PAYL"};
	size_t sizes[3], at = HEADER + 3 * ENTRY;
	uint8_t *bytes;

	if (size < 8)
		return;
	sizes[0] = get(data, 4) % (size - 7);
	sizes[1] = get(data + 4, 4) % (size - 7 - sizes[0]);
	sizes[2] = size - 8 - sizes[0] - sizes[1];
	data += 8;
	bytes = calloc(1, at + size + 24);
	memcpy(bytes, "\x89HPK\r\n\x1a\n\1", 9);
	put(bytes + 12, 3, 4);
	for (unsigned i = 0; i < 3; i++) {
		uint8_t *entry = bytes + HEADER + i * ENTRY;

		memcpy(entry, types[i], 4);
		put(entry + 8, at, 8);
		put(entry + 16, sizes[i], 8);
		put(entry + 24, sizes[i], 8);
		memcpy(bytes + at, data, sizes[i]);
		data += sizes[i];
		at = (at + sizes[i] + 7) & ~(size_t)7;
	}
	put(bytes + 16, at, 8);
	make_digests_right(bytes, at);
	open_and_link(bytes, at);
	free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy;

	if (size < 8 || memcmp(data, "\x89HPK\r\n\x1a\n", 8)) {
		open_contents(data, size);
		return 0;
	}
	open_and_link(data, size);
	if (size < HEADER)
		return 0;
	copy = malloc(size);
	memcpy(copy, data, size);
	make_digests_right(copy, size);
	open_and_link(copy, size);
	free(copy);
	return 0;
}

// ---- seeds -----------------------------------------------------------------------------------------------------

static void write_seed(const char *name, const uint8_t *bytes, size_t size)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", fuzz_seeds, name);
	file = fopen(path, "wb");
	if (!file)
		return;
	fwrite(bytes, 1, size, file);
	fclose(file);
}

// The chunks' contents one behind the other, as open_contents() takes them.
static void write_contents(const struct sample *sample)
{
	struct hp_package *package;
	uint8_t *bytes;
	size_t at = 8;

	if (hp_open_memory(sample->bytes, sample->size, &package, NULL))
		abort();
	bytes = calloc(1, 1 << 20);
	for (size_t i = 0; i < 3; i++) {
		const struct hp_chunk *chunk = hp_chunk(package, i);

		if (i < 2)
			put(bytes + 4 * i, chunk->raw_size, 4);
		memcpy(bytes + at, chunk->data, chunk->raw_size);
		at += chunk->raw_size;
	}
	write_seed("contents", bytes, at);
	free(bytes);
	hp_close(package);
}

__attribute__((constructor)) static void make_seeds(void)
{
	uint8_t key[32], secret[64], seed[32] = {1}, *signed_bytes;
	struct sample *sample;
	size_t size;

	fuzz_seeds = fuzz_make_seeds("");
	if (!fuzz_seeds)
		abort();
	sample = sample_new();
	write_seed("package", sample->bytes, sample->size);
	write_contents(sample);
	crypto_sign_seed_keypair(key, secret, seed);
	if (hp_sign(sample->bytes, sample->size, secret, &signed_bytes, &size, NULL))
		abort();
	write_seed("signed", signed_bytes, size);
	free(signed_bytes);
	sample_free(sample);
}
