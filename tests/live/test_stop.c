// SPDX-License-Identifier: GPL-3.0-or-later
// Stopping a process whose threads are created all the time: when stop_all() says that it stands, every thread does,
// those too that came between listing and stopping.
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "apply/process.h"
#include "apply/stop.h"
#include "apply/task.h"

enum { ROUNDS = 150, CREATORS = 6 };

static void *live_shortly(void *unused)
{
	usleep(5000); // longer than the look at those that should stand
	return unused;
}

static void *create(void *unused)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	for (;;) {
		if (pthread_create(&thread, &attributes, live_shortly, NULL))
			usleep(100);
	}
	return unused;
}

static void be_target(void)
{
	pthread_t thread;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int i = 0; i < CREATORS; i++)
		pthread_create(&thread, NULL, create, NULL);
	for (;;)
		pause();
}

struct tally {
	struct process *process;
	unsigned stops, threads, running;
};

static int stop_once(void *argument)
{
	struct tally *tally = argument;
	struct stop stop;
	uint64_t now = monotonic_ns();
	int error = stop_all(&stop, tally->process, now + 1000000000, now + 2000000000);

	if (!error) {
		size_t count;
		pid_t *threads;

		threads = process_threads(tally->process, &count);
		for (size_t i = 0; threads && i < count; i++) {
			char state = process_task_state(tally->process, threads[i]);

			tally->running += state == 'R' || state == 'S' || state == 'D';
		}
		free(threads);
		tally->stops++;
		tally->threads += (unsigned)count;
	}
	stop_release(&stop);
	return error;
}

int main(void)
{
	struct tally tally = {0};
	pid_t pid = fork();

	if (pid == 0)
		be_target();
	usleep(50000);
	tally.process = process_open(pid);
	for (int i = 0; tally.process && i < ROUNDS; i++)
		with_tracer(stop_once, &tally);
	printf("1..1\n# %u stops, %u threads in all of them, %u of these ran on\n", tally.stops,
	       tally.threads, tally.running);
	printf("%sok 1 - every_thread_stands_also_those_created_meanwhile\n",
	       tally.stops > ROUNDS / 2 && !tally.running ? "" : "not ");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	process_close(tally.process);
	return tally.stops <= ROUNDS / 2 || tally.running;
}
