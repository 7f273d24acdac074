// SPDX-License-Identifier: GPL-3.0-or-later
// Four threads call threads_work() one after another, each with its own variables. "check": the sums they got; "reset"
// ends them and begins with new ones.
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

int threads_work(int x);

enum { THREADS = 4 };
static sem_t go[THREADS], done;
static int results[THREADS];
static volatile int ending;
static pthread_t threads[THREADS];

static void *work(void *argument)
{
	int number = (int)(long)argument;

	for (;;) {
		sem_wait(&go[number]);
		if (ending)
			break;
		for (int i = 0; i <= number; i++)
			results[number] = threads_work(number);
		sem_post(&done);
	}
	return NULL;
}

static void begin(void)
{
	ending = 0;
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, work, (void *)(long)i);
}

static void end(void)
{
	ending = 1;
	for (int i = 0; i < THREADS; i++)
		sem_post(&go[i]);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

int main(void)
{
	char line[64];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int i = 0; i < THREADS; i++)
		sem_init(&go[i], 0, 0);
	sem_init(&done, 0, 0);
	begin();
	while (fgets(line, sizeof(line), stdin)) {
		if (!strncmp(line, "reset", 5)) {
			end();
			begin();
		}
		for (int i = 0; i < THREADS; i++) {
			sem_post(&go[i]);
			sem_wait(&done);
		}
		printf("sums %d %d %d %d\n", results[0], results[1], results[2], results[3]);
		fflush(stdout);
	}
	return 0;
}
