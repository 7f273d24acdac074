// SPDX-License-Identifier: GPL-3.0-or-later
// Data in all its forms, new (-DFIXED) and changed: constants, tables of pointers, statics, zeroes, common symbols.
#include <stdio.h>
#include <string.h>

static const int weights[4] = {1, 2, 3,
#ifdef FIXED
			       5};
#else
			       4};
#endif
static const char words[][8] = {"north", "east",
#ifdef FIXED
				"South",
#else
				"south",
#endif
				"west"};
int state[4];

__attribute__((noinline)) int weigh(int x)
{
	return weights[x & 3] * 7 + state[x & 3]++;
}

__attribute__((noinline)) int weigh_more(int x)
{
	return weights[(x + 1) & 3] * 11 - state[x & 3];
}

__attribute__((noinline)) const char *word(int x)
{
	return words[x & 3];
}

__attribute__((noinline)) int unrelated(int x)
{
	return (int)strlen(word(x)) + state[0];
}

#ifdef FIXED
int common_new;
int zeroes[64];
long start = 42;
const char *title = "new title";
static const struct {
	const char *name;
	int (*run)(int);
} commands[] = {{"weigh", weigh}, {"more", weigh_more}, {"unrelated", unrelated}};

static __attribute__((noinline)) int helper(int x)
{
	static int calls, limit = 3;

	if (++calls > limit)
		return common_new++;
	return commands[x % 3].run(x) + zeroes[x & 63]++;
}
#endif

__attribute__((noinline)) int served(int x)
{
	double scaled = x * 1.5;

#ifdef FIXED
	if (x == 9)
		printf("%s %ld\n", title, start++);
	x += helper(x);
	scaled *= 2.25;
#endif
	return weigh(x) + weigh_more(x) + unrelated(x) + (int)scaled;
}

int (*volatile entry)(int) = served;

int main(int argc, char **argv)
{
	for (;;) {
		if (entry(argc) > 100000)
			return 0;
		printf("%s\n", argv[0]);
	}
}
