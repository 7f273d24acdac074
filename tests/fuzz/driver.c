// SPDX-License-Identifier: GPL-3.0-or-later
// Makes inputs for one fuzzer: mutates seeds and whatever reached new code, for FUZZ_SECONDS, and prints TAP.
//
//   fuzz_NAME                 fuzzes; FUZZ_SEED=N repeats a run (up to the clock)
//   fuzz_NAME FILE...         runs these inputs once each
//
// New code is seen through GCC's -fsanitize-coverage=trace-pc, which calls __sanitizer_cov_trace_pc() in every
// basic block. The input that kills the program is written to HP_TESTS_OUT/crash (or ./crash).
#include "tests/fuzz/driver.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

void __sanitizer_cov_trace_pc(void);

enum { INPUT_MAX = 1 << 20, KEPT_MAX = 4096, MAP_SIZE = 1 << 16, HANG_SECONDS = 20 };

struct input {
	uint8_t *data;
	size_t size;
};

static struct input kept[KEPT_MAX];
static size_t kept_count;
static uint8_t covered[MAP_SIZE];
static unsigned new_blocks;
static uint8_t current[INPUT_MAX];
static size_t current_size;
static uint64_t state;

__attribute__((no_sanitize_coverage, no_sanitize("address", "undefined"))) void __sanitizer_cov_trace_pc(void)
{
	uintptr_t place = (uintptr_t)__builtin_return_address(0);
	uint8_t *seen = &covered[(place ^ place >> 16) & (MAP_SIZE - 1)];

	new_blocks += !*seen;
	*seen = 1;
}

// xorshift64*: Vigna, "An experimental exploration of Marsaglia's xorshift generators, scrambled".
static uint64_t random_number(void)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * 0x2545f4914f6cdd1dULL;
}

static size_t below(size_t limit)
{
	return limit ? (size_t)(random_number() % limit) : 0;
}

static void keep(const uint8_t *data, size_t size)
{
	size_t at = kept_count < KEPT_MAX ? kept_count++ : below(KEPT_MAX);

	free(kept[at].data);
	kept[at].data = malloc(size + 1);
	if (!kept[at].data) {
		kept[at].size = 0;
		return;
	}
	memcpy(kept[at].data, data, size);
	kept[at].size = size;
}

static void save_crash(int signal_number)
{
	const char *folder = getenv("HP_TESTS_OUT");
	char path[4096];
	FILE *file;

	signal(signal_number, SIG_DFL);
	snprintf(path, sizeof(path), "%s/crash", folder ? folder : ".");
	file = fopen(path, "wb");
	if (file) {
		fwrite(current, 1, current_size, file);
		fclose(file);
	}
	fprintf(stderr, "%s; the input is in %s (%zu bytes)\n",
		signal_number == SIGALRM ? "does not come to an end" : "died", path, current_size);
	raise(signal_number);
}

static void run_current(void)
{
	// A copy of exactly its size, so that the sanitizer sees each byte read behind it.
	uint8_t *exact = malloc(current_size ? current_size : 1);

	if (!exact)
		return;
	memcpy(exact, current, current_size);
	alarm(HANG_SECONDS);
	LLVMFuzzerTestOneInput(exact, current_size);
	alarm(0);
	free(exact);
}

static int load(const char *path)
{
	FILE *file = fopen(path, "rb");

	if (!file)
		return -1;
	current_size = fread(current, 1, INPUT_MAX, file);
	fclose(file);
	return 0;
}

static void add_seed(const char *path)
{
	struct stat status;

	if (stat(path, &status) < 0)
		return;
	if (S_ISREG(status.st_mode) && load(path) == 0) {
		keep(current, current_size);
		run_current();
	} else if (S_ISDIR(status.st_mode)) {
		struct dirent **names = NULL;
		int i, count = scandir(path, &names, NULL, alphasort);

		for (i = 0; i < count; i++) {
			char inner[4096];

			snprintf(inner, sizeof(inner), "%s/%s", path, names[i]->d_name);
			if (names[i]->d_name[0] != '.')
				add_seed(inner);
			free(names[i]);
		}
		free(names);
	}
}

static char made_seeds[] = "/tmp/fuzz-seeds-XXXXXX";

static void remove_seeds(void)
{
	char command[sizeof(made_seeds) + 16];

	snprintf(command, sizeof(command), "rm -rf %s", made_seeds);
	if (system(command) != 0)
		fprintf(stderr, "%s: cannot be removed\n", made_seeds);
}

const char *fuzz_make_seeds(const char *script)
{
	if (!mkdtemp(made_seeds))
		return NULL;
	atexit(remove_seeds);
	setenv("D", made_seeds, 1);
	if (system(script) != 0)
		fprintf(stderr, "some seeds could not be made\n");
	unsetenv("D");
	return made_seeds;
}

void fuzz_damage(uint8_t *bytes, size_t length, const uint8_t *input, size_t size)
{
	uint64_t random = 1469598103934665603u; // FNV-1a

	for (size_t i = size > 16 ? size - 16 : 0; i < size; i++)
		random = (random ^ input[i]) * 1099511628211u;
	for (size_t count = 1 + (random >> 60) % 4; length && count--;
	     random = random * 6364136223846793005u + 1442695040888963407u)
		bytes[(random >> 33) % length] ^= (uint8_t)(random >> 20) | 1;
}

static void put_number(size_t at, size_t width)
{
	static const uint64_t interesting[] = {0,          1,
					       0x7f,       0x80,
					       0xff,       0xffff,
					       0x7fffffff, 0x80000000,
					       0xffffffff, 0xfffffff0,
					       INT64_MAX,  (uint64_t)INT64_MIN,
					       UINT64_MAX, UINT64_MAX - 7,
					       0x1000,     0x100000000};
	uint64_t value = interesting[below(sizeof(interesting) / sizeof(interesting[0]))], old = 0;

	memcpy(&old, current + at, width);
	switch (below(4)) {
	case 0:
		value = old + below(33) - 16;
		break;
	case 1:
		value = current_size + below(33) - 16;
		break;
	case 2:
		value = random_number();
		break;
	default:
		break;
	}
	memcpy(current + at, &value, width);
}

static void splice(void)
{
	const struct input *other = &kept[below(kept_count)];
	size_t from = below(other->size), length = below(other->size - from + 1), at = below(current_size);

	if (length > 4096)
		length = below(4096);
	if (length > current_size - at)
		length = current_size - at;
	memcpy(current + at, other->data + from, length);
}

static void move_tail(void)
{
	size_t from = below(current_size), to = below(current_size), length = current_size - from;

	if (to + length > INPUT_MAX)
		return;
	memmove(current + to, current + from, length);
	current_size = to + length;
}

static void insert(void)
{
	size_t at = below(current_size + 1), length = below(16) + 1;

	if (current_size + length > INPUT_MAX)
		return;
	memmove(current + at + length, current + at, current_size - at);
	current_size += length;
	while (length--)
		current[at + length] = (uint8_t)random_number();
}

static void mutate_once(void)
{
	static const size_t widths[] = {1, 2, 4, 8};
	size_t width = widths[below(4)];

	if (current_size == 0) {
		current[current_size++] = (uint8_t)random_number();
		return;
	}
	switch (below(16)) {
	case 0:
		current_size = below(current_size);
		break;
	case 1:
		move_tail();
		break;
	case 2:
		insert();
		break;
	case 3:
		splice();
		break;
	case 4:
	case 5:
	case 6:
		current[below(current_size)] ^= (uint8_t)(1u << below(8));
		break;
	default:
		if (current_size >= width)
			put_number(below((current_size - width) / width + 1) * width, width);
		break;
	}
}

static int fuzz(double seconds)
{
	struct timespec start, now;
	unsigned long runs = 0;

	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		const struct input *base = &kept[below(kept_count)];
		size_t mutations = (size_t)1 << below(6);

		memcpy(current, base->data, base->size);
		current_size = base->size;
		while (mutations--)
			mutate_once();
		new_blocks = 0;
		run_current();
		if (new_blocks)
			keep(current, current_size);
		runs++;
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while ((double)(now.tv_sec - start.tv_sec) + (double)(now.tv_nsec - start.tv_nsec) / 1e9 < seconds);
	printf("ok 1 - %lu inputs, %zu of them reach something new\n1..1\n", runs, kept_count);
	return 0;
}

int main(int argc, char **argv)
{
	static const int deadly[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGALRM};
	const char *seconds = getenv("FUZZ_SECONDS"), *seed = getenv("FUZZ_SEED");
	size_t i;

	for (i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++)
		signal(deadly[i], save_crash);
	state = seed ? strtoull(seed, NULL, 0) : 1;
	state += state == 0;
	if (argc > 1) {
		for (i = 1; i < (size_t)argc; i++)
			if (load(argv[i]) == 0)
				run_current();
		return 0;
	}
	if (fuzz_seeds) {
		char *list = strdup(fuzz_seeds), *rest = list, *path;

		while ((path = strsep(&rest, " ")))
			add_seed(path);
		free(list);
	}
	if (kept_count == 0)
		keep((const uint8_t *)"", 0);
	return fuzz(seconds ? atof(seconds) : 5);
}
