// SPDX-License-Identifier: GPL-3.0-or-later
// middle() has nothing to clean up itself, but what it calls may throw to a caller that has.
#include <unistd.h>

#ifdef NEW
#define MORE 1
#else
#define MORE 0
#endif

volatile int left;

static void leave(int *x)
{
	left += *x;
}

__attribute__((noinline)) int leaf(int x)
{
	return x * 3 + MORE;
}

__attribute__((noinline)) int middle(int (*what)(int), int x)
{
	return what(x) * 5 + MORE;
}

int main(int argc, char **argv)
{
	int kept __attribute__((cleanup(leave))) = argc;

	(void)argv;
	while (middle(leaf, kept))
		sleep(1);
	return kept;
}
