// SPDX-License-Identifier: GPL-3.0-or-later
// Functions that are called through pointers, which a program built with -fsanitize=kcfi checks.
#include <stdio.h>

#define APART __attribute__((noinline))

typedef int handler(int);

#if VERSION == 2 && defined(RETYPED)
APART static int by_two(unsigned x)
#else
APART static int by_two(int x)
#endif
{
	return (int)x * 2 * VERSION + ((int)x >> VERSION) - VERSION;
}

APART static int by_three(int x)
{
	return x * 3;
}

#if VERSION == 2 && defined(ADDED)
APART static int added(int x)
{
	return x * 5;
}
#endif

APART static handler *pick(int x)
{
#if VERSION == 2 && defined(ADDED)
	if (x > 1)
		return added;
#endif
	return x & 1 ? (handler *)by_two : by_three;
}

APART static int call(handler *function, int x)
{
	return function(x) + VERSION * 1000;
}

static int (*volatile caller)(handler *, int) = call;
static volatile int one = 1; // so that the compiler does not know what is picked

int main(void)
{
	char line[64];
	handler *kept = pick(one);

	while (fgets(line, sizeof(line), stdin)) {
		printf("%d %d %d\n", caller(kept, 10), caller(pick(one), 10), caller(pick(one - 1), 10));
		fflush(stdout);
	}
}
