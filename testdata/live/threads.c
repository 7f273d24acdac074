// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * References whose values only the process has: thread-local variables in each model (by options of the compiler), an
 * IFUNC of its own and the C library's, an undefined weak symbol, a variable that is copied into the program. Built as a
 * library with LIBRARY, as the program with main() otherwise; threads-user.c calls it from threads of its own.
 */
#include <stdlib.h>
#include <string.h>

#ifndef VERSION
#define VERSION 1
#endif

extern __thread int threads_global;
__thread int threads_global = 1000;
#ifdef ALL_GLOBAL // each with a slot of its own
extern __thread int threads_local[4], threads_other;
__thread int threads_local[4] = {1, 2, 3, 4}, threads_other;
#else
static __thread int threads_local[4] = {1, 2, 3, 4};
static __thread int threads_other;
#endif

extern char **environ; // copied into a program that is not PIC
extern int threads_nowhere(void) __attribute__((weak));
int threads_choose(int x);
int threads_work(int x);
char *threads_copy(char *to, const char *from, size_t size);

__attribute__((used)) static int chosen(int x)
{
	return x + 3;
}

static int (*choose(void))(int)
{
	return chosen;
}

int threads_choose(int x) __attribute__((ifunc("choose")));

__attribute__((noinline)) char *threads_copy(char *to, const char *from, size_t size)
{
	return memcpy(to, from, size);
}

// Old and new refer to the same things; the new one to all of them in other places.
__attribute__((noinline)) int threads_work(int x)
{
	char text[32], *copied;
	int sum;

	threads_global += VERSION;
	threads_other += 2;
	threads_local[x & 3]++;
	copied = threads_copy(text, "threads", 8);
	sum = threads_global + threads_local[x & 3] + threads_other + threads_choose(x) + (int)strlen(copied);
	if (environ && *environ)
		sum += 10000;
	if (threads_nowhere)
		sum += threads_nowhere();
#if VERSION > 1
	threads_copy(text, "other", 6);
	sum += (int)strlen(text);
	sum += threads_local[1] + threads_local[2] + 100000;
#endif
	return sum;
}
