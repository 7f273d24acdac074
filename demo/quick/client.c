// SPDX-License-Identifier: GPL-3.0-or-later
// The demo's clients.
//
//   client SOCKET ask COMMAND...           sends each command over one connection, prints the answers
//   client SOCKET load CONNECTIONS FILE    keeps CONNECTIONS busy until SIGTERM; each checks every answer.
//                                          Then writes to FILE: increments, requests, wrong answers, lost
//                                          connections, longest wait for an answer in microseconds
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static const char *path;
static atomic_bool stop;
static atomic_ulong increments, requests, wrong, lost, longest;

static void end_load(int signal_number)
{
	(void)signal_number;
	stop = true;
}

static FILE *connect_to_server(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return NULL;
	return fdopen(fd, "r+");
}

static int ask(FILE *server, const char *command, char *answer, int size)
{
	fprintf(server, "%s\n", command);
	fflush(server);
	if (!fgets(answer, size, server))
		return -1;
	answer[strcspn(answer, "\n")] = 0;
	return 0;
}

static unsigned long microseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (unsigned long)now.tv_sec * 1000000 + (unsigned long)now.tv_nsec / 1000;
}

static int timed_ask(FILE *server, const char *command, char *answer, int size)
{
	unsigned long before = microseconds(), waited, known = longest;

	if (ask(server, command, answer, size) < 0) {
		lost++;
		return -1;
	}
	requests++;
	waited = microseconds() - before;
	while (waited > known && !atomic_compare_exchange_weak(&longest, &known, waited))
		;
	return 0;
}

// One connection, never reopened: what it wrote must come back, and a range within the value must be that.
static void *keep_busy(void *number)
{
	char command[128], answer[512], expected[64];
	FILE *server = connect_to_server();
	unsigned long i;

	if (!server) {
		lost++;
		return NULL;
	}
	for (i = 0; !stop; i++) {
		snprintf(expected, sizeof(expected), "value-%zu-%lu", (size_t)number, i);
		snprintf(command, sizeof(command), "SET own-%zu %s", (size_t)number, expected);
		if (timed_ask(server, command, answer, sizeof(answer)) < 0)
			break;
		wrong += strcmp(answer, "OK") != 0;
		snprintf(command, sizeof(command), "RANGE own-%zu 0 5", (size_t)number);
		if (timed_ask(server, command, answer, sizeof(answer)) < 0)
			break;
		wrong += strncmp(answer, "value- (range ", 14) != 0;
		snprintf(command, sizeof(command), "GET own-%zu", (size_t)number);
		if (timed_ask(server, command, answer, sizeof(answer)) < 0)
			break;
		wrong += strcmp(answer, expected) != 0;
		if (timed_ask(server, "INCR total", answer, sizeof(answer)) < 0)
			break;
		increments++;
	}
	fclose(server);
	return NULL;
}

static int load(size_t connections, const char *report)
{
	pthread_t *threads = calloc(connections, sizeof(*threads));
	FILE *file;
	size_t i;

	signal(SIGTERM, end_load);
	signal(SIGPIPE, SIG_IGN);
	for (i = 0; threads && i < connections; i++)
		pthread_create(&threads[i], NULL, keep_busy, (void *)i);
	for (i = 0; threads && i < connections; i++)
		pthread_join(threads[i], NULL);
	free(threads);
	file = fopen(report, "w");
	if (!file)
		return 1;
	fprintf(file, "%lu %lu %lu %lu %lu\n", increments, requests, wrong, lost, longest);
	return fclose(file) ? 1 : 0;
}

int main(int argc, char **argv)
{
	path = argc > 1 ? argv[1] : "";
	if (argc == 5 && strcmp(argv[2], "load") == 0)
		return load(strtoul(argv[3], NULL, 10), argv[4]);
	if (argc > 3 && strcmp(argv[2], "ask") == 0) {
		FILE *server = connect_to_server();
		char answer[1024];
		int i;

		for (i = 3; i < argc; i++) {
			if (!server || ask(server, argv[i], answer, sizeof(answer)) < 0)
				return 1;
			puts(answer);
		}
		return 0;
	}
	fprintf(stderr, "usage: client SOCKET ask COMMAND... | client SOCKET load CONNECTIONS FILE\n");
	return 2;
}
