// SPDX-License-Identifier: GPL-3.0-or-later
// Runs once, from main, before the loop. symbol: prepare
#include <stdlib.h>

int limit;

__attribute__((noinline)) void prepare(const char *text)
{
	limit = atoi(text);
#ifdef NEW
	if (limit > 100)
		limit = 100;
#endif
}

__attribute__((noinline)) int served(int x)
{
	return x + limit;
}

int (*volatile entry)(int) = served;
int main(int argc, char **argv)
{
	prepare(argv[0]);
	for (;;)
		if (entry(argc) > 1000)
			return 0;
}
