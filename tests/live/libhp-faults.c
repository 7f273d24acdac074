// SPDX-License-Identifier: GPL-3.0-or-later
// libhp while memory runs out: its k-th request fails, for every k. Linked with --wrap=malloc,calloc,realloc,free.
#include "tests/unit/test_formats.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void __real_free(void *old);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void __wrap_free(void *old);

static long requests, failing, held;

static int refuse(void)
{
	return ++requests == failing;
}

void *__wrap_malloc(size_t size)
{
	void *memory = refuse() ? NULL : __real_malloc(size);

	held += memory != NULL;
	return memory;
}

void *__wrap_calloc(size_t count, size_t size)
{
	void *memory = refuse() ? NULL : __real_calloc(count, size);

	held += memory != NULL;
	return memory;
}

void *__wrap_realloc(void *old, size_t size)
{
	void *memory = refuse() ? NULL : __real_realloc(old, size);

	held += memory && !old;
	return memory;
}

void __wrap_free(void *old)
{
	held -= old != NULL;
	__real_free(old);
}

static int resolve(void *arg, const struct hp_binding *binding, uint64_t *value)
{
	(void)arg;
	(void)binding;
	*value = 0x1000;
	return 0;
}

static int open_and_link(struct sample *sample)
{
	static uint8_t code[1 << 16], data[1 << 16];
	struct hp_place place = {.bias = 0x20000000, .address = {0x10000000, 0x10010000}};
	struct hp_package *package;
	struct hp_error error;
	int status = hp_open_memory(sample->bytes, sample->size, &package, &error);

	if (!status)
		status = hp_link(package, 0, &place, resolve, NULL, code, data, &error);
	hp_close(package);
	return status;
}

static int open_file(struct sample *sample)
{
	struct hp_package *package;
	struct hp_error error;
	int status;

	(void)sample;
	status = hp_open("/proc/self/exe", &package, &error);
	return status == HP_NOT_A_PACKAGE ? HP_OK : status;
}

static int encode(struct sample *sample)
{
	struct hp_error error;
	uint8_t *bytes;
	size_t size;
	int status = hp_encode(&sample->content, &bytes, &size, &error);

	free(bytes);
	return status;
}

static int sign(struct sample *sample)
{
	uint8_t key[32], secret[64], seed[32] = {3}, *bytes;
	struct hp_error error;
	size_t size;
	int status;

	crypto_sign_seed_keypair(key, secret, seed);
	status = hp_sign(sample->bytes, sample->size, secret, &bytes, &size, &error);
	if (!status)
		free(bytes);
	return status;
}

static int check(const char *name, int (*run)(struct sample *), struct sample *sample, int number)
{
	long k, before;
	int status = HP_MEMORY;

	for (k = 1; status != HP_OK && k < 10000; k++) {
		before = held;
		requests = 0;
		failing = k;
		status = run(sample);
		failing = 0;
		if (held != before || (status && status != HP_MEMORY && status != HP_IO)) {
			printf("not ok %d - %s\n# request %ld: %s, %ld pieces of memory are lost\n", number,
			       name, k, hp_status_text(status), held - before);
			return 1;
		}
	}
	printf("%sok %d - %s (%ld requests failed in turn)\n", status || k < 3 ? "not " : "", number, name,
	       k - 2);
	return status || k < 3;
}

int main(void)
{
	struct sample *sample = sample_new();
	int failed = check("opening and linking", open_and_link, sample, 1);

	failed |= check("reading a file", open_file, sample, 2);
	failed |= check("encoding", encode, sample, 3);
	failed |= check("signing", sign, sample, 4);
	printf("1..4\n");
	sample_free(sample);
	return failed;
}
