// SPDX-License-Identifier: GPL-3.0-or-later
#include <unistd.h>

#include "../../testdata/live/parts.h"

#ifndef VERSION
#define VERSION 1
#endif

int value(int x)
{
	return x * 10 + VERSION;
}

// Stays on the stack while INSIDE runs.
__attribute__((noinline, noclone)) int held(int (*inside)(int), int x)
{
	int result = inside(x);

	return result * 10 + VERSION;
}

__attribute__((noinline, noclone)) int forever(volatile int *end)
{
	while (!*end)
		usleep(1000);
	return VERSION;
}

// The address of a replaced function is its old entry, in new code too.
__attribute__((noinline, noclone)) int pointers_agree(int (*remembered)(int))
{
	return (remembered == value) * 10 + VERSION;
}

// With -fipa-ra the caller knows which registers this one leaves alone, and keeps values in caller-saved ones.
static __attribute__((noinline, noclone)) long add_version(long x)
{
	return x * 4 + VERSION;
}

__attribute__((noinline, noclone)) long kept_registers(long a, long b, long c, long d)
{
	long sum = 0;

	for (long i = 0; i < 1000; i++)
		sum += add_version(i) % 4 + (a ^ i) + (b & i) + (c | i) + d * i;
	return sum;
}
