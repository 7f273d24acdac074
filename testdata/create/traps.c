// SPDX-License-Identifier: GPL-3.0-or-later
// References that are easily got wrong. Linked with hidden.c; -DFIXED is the new side.
#include <stdio.h>

int optional(int x) __attribute__((weak)); // defined nowhere
__attribute__((visibility("hidden"))) int hidden_global(int x);
extern int outside[];

static int twice(int x)
{
	return x * 2;
}

static int thrice(int x)
{
	return x * 3;
}

int level = 4;

static int (*choose(void))(int)
{
	return level > 3 ? twice : thrice;
}

int indirect(int x) __attribute__((ifunc("choose")));

// Four bytes of code: the jump needs the padding behind it.
__attribute__((noinline)) int brief(int x)
{
#ifdef FIXED
	return x + level;
#else
	return x + 1;
#endif
}

__attribute__((noinline)) int served(int x)
{
	static void *const places[] = {&&one, &&two, &&three};

	if (x < 0 || x > 2)
		return indirect(x);
#ifdef FIXED
	if (optional)
		x += optional(x);
	x = (x + hidden_global(x) + outside[x + 1000]) % 3;
#endif
	goto *places[x];
one:
	return brief(x) + level;
two:
	return x + 7;
three:
	return indirect(x) + 9;
}

int also_served(int x) __attribute__((alias("served")));

__attribute__((noinline)) int same_function(int (*a)(int))
{
#ifdef FIXED
	level++;
#endif
	return a == served;
}

int (*volatile entry)(int) = also_served;

int main(int argc, char **argv)
{
	for (;;) {
		if (entry(argc) > 100000 || same_function(entry) > 5)
			return 0;
		if (argv[1])
			printf("%d\n", level);
	}
}
