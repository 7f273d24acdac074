// SPDX-License-Identifier: GPL-3.0-or-later
// A small program with a fix (-DFIXED) that uses about everything a changed function can refer to.
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static __thread int depth;
__thread long rounds = 3;
int total;
#ifdef CHANGED_DATA
int limit = 11;
#else
int limit = 10;
#endif
static int hits;
const char *const names[] = {"even", "odd"};

static __attribute__((noinline)) int triple(int x)
{
	static int calls;

	return x * 3 + ++calls;
}

static __attribute__((noinline)) int both(int x)
{
	return triple(x) + triple(x + 1);
}

int (*const table[])(int) = {triple, both};

#ifdef FIXED
int fresh = 7;
static int fresh_zero;

static __attribute__((noinline)) int added(int x)
{
	static int seen = 5;

	seen += x;
	fresh_zero++;
	return seen + fresh;
}
#endif

__attribute__((noinline)) int answer(int x)
{
	char text[64];

	depth++;
	rounds++;
	hits++;
	snprintf(text, sizeof(text), "%d %s", x, names[x & 1]);
#ifdef FIXED
	x += added(x) + (int)strtod("1.5", NULL);
	if (x > 100) {
		total += (int)fabs(-2.0);
		qsort(text, 3, 1, (int (*)(const void *, const void *))strcmp);
	}
#endif
	switch (x) {
	case 0:
		return limit;
	case 1:
		return triple(2);
	case 2:
		return both(3);
	case 3:
		return 9;
	case 4:
		return (int)strlen(text);
	case 5:
		return errno;
	case 6:
		puts(text);
		return 2;
	}
	return table[x & 1](x) + depth + (int)rounds + total;
}

int (*volatile entry)(int) = answer;

int main(int argc, char **argv)
{
	for (;;) {
		total += entry(argc);
		if (total > 100000)
			return 0;
		if (argv[1])
			usleep(1000);
	}
}
