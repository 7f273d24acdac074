// SPDX-License-Identifier: GPL-3.0-or-later
// A key-value server for the demo: lines of text over a unix socket, several worker threads, all data in
// memory.
//
//   server SOCKET
//
//   SET key value | GET key | RANGE key from to | INCR key | COUNT | STATS
//
// RANGE trusts its client and reads past the end of the value, into whatever is stored behind it: fix.patch.
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { WORKERS = 4, ENTRIES = 1024, KEY = 32, VALUE = 96, LINE = 256 };

struct entry {
	char key[KEY];
	char value[VALUE];
};

struct connection {
	int fd;
	size_t used;
	char line[LINE];
};

static struct entry table[ENTRIES];
static size_t entry_count;
static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;
static int events;

static struct entry *find(const char *key, int create)
{
	size_t i;

	for (i = 0; i < entry_count; i++)
		if (strcmp(table[i].key, key) == 0)
			return &table[i];
	if (!create || entry_count == ENTRIES)
		return NULL;
	snprintf(table[entry_count].key, KEY, "%s", key);
	return &table[entry_count++];
}

static int reply(struct connection *to, const char *format, ...)
{
	char text[LINE * 2];
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	return send(to->fd, text, (size_t)length, MSG_NOSIGNAL) == length ? 0 : -1;
}

static int set(struct connection *from, const char *key, const char *value)
{
	struct entry *entry = find(key, 1);

	if (!entry)
		return reply(from, "ERROR full\n");
	snprintf(entry->value, VALUE, "%s", value);
	return reply(from, "OK\n");
}

static int increment(struct connection *from, const char *key)
{
	struct entry *entry = find(key, 1);

	if (!entry)
		return reply(from, "ERROR full\n");
	snprintf(entry->value, VALUE, "%lld", atoll(entry->value) + 1);
	return reply(from, "%s\n", entry->value);
}

// The bytes from FIRST to LAST of a value; those that do not print are sent as dots.
static int range(struct connection *from, const char *key, size_t first, size_t last)
{
	static unsigned long served;
	const struct entry *entry = find(key, 0);
	char text[LINE];
	size_t i, length = 0;

	if (!entry)
		return reply(from, "ERROR no such key\n");
	for (i = first; i <= last && length < sizeof(text) - 1; i++) {
		char c = entry->value[i];

		text[length++] = c >= ' ' && c <= '~' ? c : '.';
	}
	text[length] = 0;
	return reply(from, "%s (range %lu)\n", text, ++served);
}

static int answer(struct connection *from, char *line)
{
	static unsigned long commands;
	char *rest = line, *command = strsep(&rest, " "), *key = rest ? strsep(&rest, " ") : NULL;
	unsigned long first, last;

	commands++;
	if (strcmp(command, "COUNT") == 0)
		return reply(from, "%zu\n", entry_count);
	if (strcmp(command, "STATS") == 0)
		return reply(from, "%lu commands\n", commands);
	if (!key || !*key)
		return reply(from, "ERROR what?\n");
	if (strcmp(command, "GET") == 0) {
		struct entry *entry = find(key, 0);

		return entry ? reply(from, "%s\n", entry->value) : reply(from, "ERROR no such key\n");
	}
	if (strcmp(command, "SET") == 0 && rest)
		return set(from, key, rest);
	if (strcmp(command, "INCR") == 0)
		return increment(from, key);
	if (strcmp(command, "RANGE") == 0 && rest && sscanf(rest, "%lu %lu", &first, &last) == 2)
		return range(from, key, first, last);
	return reply(from, "ERROR what?\n");
}

// Reads what is there and answers every whole line. 0, or -1 when the connection is over.
static int serve(struct connection *connection)
{
	char *end;
	ssize_t got =
		recv(connection->fd, connection->line + connection->used, LINE - 1 - connection->used, 0);

	if (got < 0)
		return errno == EINTR || errno == EAGAIN ? 0 : -1;
	if (got == 0)
		return -1;
	connection->used += (size_t)got;
	connection->line[connection->used] = 0;
	while ((end = strchr(connection->line, '\n'))) {
		int result;

		*end++ = 0;
		pthread_mutex_lock(&table_lock);
		result = answer(connection, connection->line);
		pthread_mutex_unlock(&table_lock);
		if (result < 0)
			return -1;
		connection->used -= (size_t)(end - connection->line);
		memmove(connection->line, end, connection->used + 1);
	}
	return connection->used < LINE - 1 ? 0 : -1;
}

static void *work(void *unused)
{
	struct epoll_event event;

	(void)unused;
	for (;;) {
		struct connection *connection;

		if (epoll_wait(events, &event, 1, -1) != 1)
			continue;
		connection = event.data.ptr;
		if (serve(connection) < 0) {
			close(connection->fd);
			free(connection);
			continue;
		}
		event.events = EPOLLIN | EPOLLONESHOT;
		epoll_ctl(events, EPOLL_CTL_MOD, connection->fd, &event);
	}
	return NULL;
}

static int listen_at(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || strlen(path) >= sizeof(address.sun_path))
		return -1;
	strcpy(address.sun_path, path);
	unlink(path);
	return bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, 128) ? -1 : fd;
}

int main(int argc, char **argv)
{
	int i, listener = argc == 2 ? listen_at(argv[1]) : -1;

	if (listener < 0) {
		fprintf(stderr, "usage: server SOCKET (a path that can be made)\n");
		return 1;
	}
	events = epoll_create1(EPOLL_CLOEXEC);
	for (i = 0; i < WORKERS; i++) {
		pthread_t thread;

		pthread_create(&thread, NULL, work, NULL);
	}
	for (;;) {
		struct epoll_event event = {.events = EPOLLIN | EPOLLONESHOT};
		struct connection *connection = calloc(1, sizeof(*connection));

		if (!connection)
			return 1;
		connection->fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (connection->fd < 0) {
			free(connection);
			continue;
		}
		event.data.ptr = connection;
		epoll_ctl(events, EPOLL_CTL_ADD, connection->fd, &event);
	}
}
