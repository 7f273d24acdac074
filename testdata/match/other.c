// SPDX-License-Identifier: GPL-3.0-or-later
// The second file of the program: statics of the same names as main.c's, with other contents and the same.
#include <stdlib.h>

static long count, total = 9;
static int numbers[16] = {1, 2, 3};
int other_value = 4;
__thread int other_thread_value = 6;
__attribute__((visibility("hidden"))) int hidden_value;

static __attribute__((noinline)) int helper(int value)
{
	count += value;
	return numbers[value & 15] * 3;
}

static __attribute__((noinline)) int first(int value)
{
	return value - 1 + abs((int)total);
}

__attribute__((noinline)) int other(int value)
{
	return helper(value) + first(value);
}

__attribute__((noinline)) int other_twice(int value)
{
	total += value;
	return 2 * other(value);
}

__attribute__((visibility("hidden"), noinline)) int hidden_function(int value)
{
	return value + hidden_value + atoi("17");
}

__attribute__((weak, noinline)) int weak_one(int value)
{
	return value | 1;
}

int unused(int value)
{
	return helper(value) * 7;
}
