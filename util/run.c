// SPDX-License-Identifier: GPL-3.0-or-later
// A parallel loop and a progress line.
#include "util/util.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define JOBS_MAX 256

struct loop {
	atomic_size_t next;
	size_t count;
	void (*work)(size_t i, void *arg);
	void *arg;
};

static void *run_loop(void *arg)
{
	struct loop *loop = arg;
	size_t i;

	while ((i = atomic_fetch_add(&loop->next, 1)) < loop->count)
		loop->work(i, loop->arg);
	return NULL;
}

void parallel_for(size_t count, unsigned jobs, void (*work)(size_t i, void *arg), void *arg)
{
	struct loop loop = {.count = count, .work = work, .arg = arg};
	pthread_t threads[JOBS_MAX];
	unsigned started = 0;

	if (!jobs) {
		long cores = sysconf(_SC_NPROCESSORS_ONLN);

		jobs = cores > 0 ? (unsigned)cores : 1;
	}
	if (jobs > JOBS_MAX)
		jobs = JOBS_MAX;
	if (jobs > count)
		jobs = (unsigned)count;
	while (started + 1 < jobs && !pthread_create(&threads[started], NULL, run_loop, &loop))
		started++;
	run_loop(&loop); // the caller works too, so the loop ends even where no thread could be made
	while (started)
		pthread_join(threads[--started], NULL);
}

struct progress {
	pthread_mutex_t lock;
	const char *what;
	size_t done, total;
	bool shown;
	double start, last;
};

static double seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

struct progress *progress_new(const char *what, size_t total, bool quiet)
{
	struct progress *progress;

	if (quiet || !isatty(STDERR_FILENO))
		return NULL;
	progress = xalloc(sizeof(*progress));
	*progress = (struct progress){.what = what, .total = total, .start = seconds_now()};
	progress->last = progress->start + 0.9;
	pthread_mutex_init(&progress->lock, NULL);
	return progress;
}

void progress_step(struct progress *progress)
{
	double now;

	if (!progress)
		return;
	pthread_mutex_lock(&progress->lock);
	progress->done++;
	now = seconds_now();
	if (now - progress->last > 0.1) {
		progress->last = now;
		progress->shown = true;
		fprintf(stderr, "\r%s: %zu of %zu\033[K", progress->what, progress->done, progress->total);
	}
	pthread_mutex_unlock(&progress->lock);
}

void progress_free(struct progress *progress)
{
	if (!progress)
		return;
	if (progress->shown)
		fputs("\r\033[K", stderr);
	pthread_mutex_destroy(&progress->lock);
	free(progress);
}

unsigned terminal_width(int fd, unsigned fallback)
{
	struct winsize size;

	return !ioctl(fd, TIOCGWINSZ, &size) && size.ws_col ? size.ws_col : fallback;
}
