// SPDX-License-Identifier: GPL-3.0-or-later
// What does not change, and is moved about by what does.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

extern const int limits[4];
static __thread int thread_value = 2;
static char buffer[64] __attribute__((aligned(16)));
int counted(int), fixed(int), untouched(int);
static int (*const table[])(int) = {fixed, counted, untouched};

__attribute__((noinline)) const char *word(int value)
{
	switch (value) {
	case 0:
		return "";
	case 1:
		return getenv("WORD");
	case 2:
		puts("two");
		return "zwei";
	case 3:
		return "three";
	case 4:
		fixed(9);
		return "four";
	case 5:
		return table[value & 1] == fixed ? "five" : "cinq";
	default:
		return "many";
	}
}

__attribute__((noinline)) double scaled(double value)
{
	return value * 1.25 + 0.1;
}

int main(int argc, char **argv)
{
	(void)argv;
	snprintf(buffer, sizeof(buffer), "%d", argc + thread_value++);
	fputs(buffer, stdout);
	fputs("stdout is copied to where .bss starts\n", stdout);
	printf("%s %f %d %d\n", word(argc), scaled(argc), table[argc % 3](argc), limits[argc & 3]);
	return untouched(argc);
}
