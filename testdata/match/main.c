// SPDX-License-Identifier: GPL-3.0-or-later
// A program of two files with every kind of reference: static and global data, strings, constants, jump tables,
// function tables, imports, statics of the same name in both files, hidden globals, aliases, thread-local variables.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct item {
	const char *name;
	int (*run)(int);
	long *counter;
};

extern int other_value;
extern __thread int other_thread_value;
extern int other(int), other_twice(int), weak_one(int);
extern int absent(int) __attribute__((weak));
__attribute__((visibility("hidden"))) extern int hidden_value;
__attribute__((visibility("hidden"))) extern int hidden_function(int);

static long count, total = 7;
static int numbers[16] = {1, 2, 3};
static __thread int thread_value = 5;
static __thread int thread_zero;
int shared = 3;

static __attribute__((noinline)) int helper(int value)
{
	count += value;
	return numbers[value & 15] * 3;
}

__attribute__((noinline)) int doubled(int value)
{
	return helper(value) + shared;
}
extern int doubled_alias(int) __attribute__((alias("doubled")));

static int first(int value)
{
	return value + 1;
}

static int second(int value)
{
	return value ^ 0x55;
}

static const struct item items[] = {{"first", first, &count}, {"second", second, &total}, {"doubled", doubled, 0}};

__attribute__((noinline)) double scaled(double value)
{
	return value * 1.25 + 3.5;
}

__attribute__((noinline)) const char *name_of(int value)
{
	switch (value) {
	case 0:
		return "none";
	case 1:
		return getenv("ONE");
	case 2:
		return strerror(errno);
	case 3:
		return items[value & 1].name;
	case 4:
		helper(9);
		return "four";
	case 5:
		return "five and more";
	case 6:
		total++;
		return "six";
	default:
		return "many";
	}
}

__attribute__((noinline)) int thread_sum(int value)
{
	thread_zero += value;
	return thread_value + thread_zero + other_thread_value;
}

__attribute__((noinline)) int all(int value, FILE *to)
{
	int (*volatile pointer)(int) = other;

	for (int i = 0; i < value % 3; i++)
		value += items[i].run(value);
	if (absent)
		value += absent(value);
	if (pointer == other_twice)
		fprintf(to ? to : stdout, "%s: %d\n", __func__, value);
	hidden_value += value;
	return pointer(value) + other(value) + hidden_function(value) + other_value + weak_one(value) +
	       doubled_alias(value) + numbers[3];
}

#ifndef LIBRARY
int main(int argc, char **argv)
{
	char copy[64];

	memcpy(copy, argv[0], strlen(argv[0]) & 63);
	printf("%s %d %f %d\n", name_of(argc), all(argc, stderr), scaled(argc), thread_sum(argc) + copy[0]);
	return 0;
}
#endif
