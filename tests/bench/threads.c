// SPDX-License-Identifier: GPL-3.0-or-later
// A process whose pause is measured: threads COUNT idle|busy. Every thread calls answer() again and again; idle
// ones sleep between two calls, busy ones compute.
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef ANSWER
#define ANSWER 41
#endif

static atomic_ulong calls;

__attribute__((noinline)) int answer(unsigned long question)
{
	calls++;
	return question % 7 == 6 ? ANSWER : 42;
}

static void *idle(void *unused)
{
	(void)unused;
	for (;;) {
		answer(calls);
		usleep(50000);
	}
	return NULL;
}

static void *busy(void *unused)
{
	volatile unsigned long sum = 0;

	(void)unused;
	for (;;) {
		unsigned i;

		for (i = 0; i < 100000; i++)
			sum += i;
		sum += (unsigned long)answer(calls);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	int i, count = argc > 1 ? atoi(argv[1]) : 1;
	void *(*work)(void *) = argc > 2 && strcmp(argv[2], "busy") == 0 ? busy : idle;

	for (i = 1; i < count; i++) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, work, NULL))
			return 1;
	}
	puts("ready");
	fflush(stdout);
	work(NULL);
	return 0;
}
