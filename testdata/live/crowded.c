// SPDX-License-Identifier: GPL-3.0-or-later
// Fills address space: "low" below 2 GiB, "near" for 3 GiB around itself, "limit" leaves no room below RLIMIT_AS, "free" undoes it.
// "check" answers "ok VERSION".
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#ifndef VERSION
#define VERSION 1
#endif
#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

enum { PIECES = 4096 };
static struct piece {
	void *start;
	size_t size;
} pieces[PIECES];
static unsigned count;

__attribute__((noinline)) static int crowded_value(int x)
{
	volatile int y = x;

	return y * 10 + VERSION;
}

// As much as fits, in ever smaller pieces.
static void fill(uint64_t from, uint64_t to)
{
	for (uint64_t size = UINT64_C(1) << 30; size >= 4096; size /= 4) {
		for (uint64_t at = from & ~(size - 1); at < to && count < PIECES; at += size) {
			void *got = at < 65536 ? MAP_FAILED
					       : mmap((void *)at, size, PROT_NONE,
						      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
							      MAP_FIXED_NOREPLACE,
						      -1, 0);

			if (got == (void *)at)
				pieces[count++] = (struct piece){got, size};
			else if (got != MAP_FAILED)
				munmap(got, size);
		}
		if (size > 65536 && to - from < UINT64_C(1) << 33)
			continue;
		if (size <= 65536)
			break;
	}
}

static void limit(void)
{
	struct rlimit wanted = {4096, RLIM_INFINITY};
	char line[256];
	FILE *file = fopen("/proc/self/status", "r");

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "VmSize: %lu", &wanted.rlim_cur) == 1)
			wanted.rlim_cur = wanted.rlim_cur * 1024 + 65536;
	}
	if (file)
		fclose(file);
	setrlimit(RLIMIT_AS, &wanted);
}

static void undo(void)
{
	struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY};

	setrlimit(RLIMIT_AS, &none);
	while (count)
		count--, munmap(pieces[count].start, pieces[count].size);
}

int main(void)
{
	static const uint64_t wide = UINT64_C(3) << 30;
	uint64_t here = (uint64_t)&crowded_value;
	char line[64];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setvbuf(stdout, NULL, _IOLBF, 0);
	while (fgets(line, sizeof(line), stdin)) {
		if (!strncmp(line, "low", 3))
			fill(0, UINT64_C(1) << 31);
		else if (!strncmp(line, "near", 4))
			fill(here - wide, here + wide);
		else if (!strncmp(line, "limit", 5))
			limit();
		else if (!strncmp(line, "free", 4))
			undo();
		if (!strncmp(line, "check", 5))
			printf("ok %d\n", crowded_value(5) - 50);
		else
			printf("done %u\n", count);
	}
	return 0;
}
