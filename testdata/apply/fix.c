/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the packages of the live tests change: -DFIXED=1, 2 for one fix after the other. */
#include <stdlib.h>
#include <unistd.h>

#ifndef FIXED
#define FIXED 0
#endif

static int calls;

static __attribute__((noinline)) int scale(int x)
{
	calls++;
	return x * 3;
}

/* 3x + 1, fixed: 3x + 2, 3x + 3 */
__attribute__((noinline)) int answer(int x)
{
	return scale(x) + 1 + FIXED;
}

/* Changed by another package only: -DOTHER=1 */
#ifndef OTHER
#define OTHER 0
#endif
__attribute__((noinline)) int other(int x)
{
	return scale(x) + 7 + OTHER;
}

/* Stays on the stack until something can be read. */
__attribute__((noinline)) int hold(int file)
{
	char byte = 0;

	if (read(file, &byte, 1) != 1)
		return -1;
	return byte + FIXED;
}

/* The fix brings a counter of its own. */
__attribute__((noinline)) int count(void)
{
#if FIXED
	static int fresh = 1000;

	return fresh++;
#else
	return calls ? 1 : 0;
#endif
}
