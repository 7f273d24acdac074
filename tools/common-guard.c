// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Who reads a mapped file that another program cuts short is sent SIGBUS (mmap(2)). The kernel knows which file it was:
 * /proc/self/maps. Only what is safe in a signal handler is called here (signal-safety(7)).
 */
#include "tools/common.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct {
	const char *program, *output;
	int status;
} guard;

struct line_reader {
	int fd;
	char bytes[512];
	ssize_t filled, at;
};

// The next line without its end, cut where LINE is full. false at the end of the file.
static bool read_line(struct line_reader *reader, char *line, size_t room)
{
	size_t length = 0;

	for (;;) {
		char c;

		if (reader->at == reader->filled) {
			reader->at = 0;
			reader->filled = read(reader->fd, reader->bytes, sizeof(reader->bytes));
			if (reader->filled <= 0)
				return false;
		}
		c = reader->bytes[reader->at++];
		if (c == '\n')
			break;
		if (length + 1 < room)
			line[length++] = c;
	}
	line[length] = 0;
	return true;
}

// A number in base 16; *text moves behind it and the character after it.
static uintptr_t take_address(const char **text)
{
	uintptr_t value = 0;

	for (; **text && **text != '-' && **text != ' '; ++*text)
		value = value << 4 | (uintptr_t)(**text <= '9' ? **text - '0' : **text - 'a' + 10);
	*text += **text != 0;
	return value;
}

// The path in LINE ("from-to rwxp offset device inode   path") when it is a file mapped at ADDRESS, else NULL.
static const char *mapped_at(const char *line, uintptr_t address)
{
	uintptr_t from = take_address(&line), to = take_address(&line);
	const char *path = strchr(line, '/');

	return address >= from && address < to ? path : NULL;
}

static const char *find_file(uintptr_t address, char *line, size_t room)
{
	struct line_reader reader = {.fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC)};
	const char *path = NULL;

	while (reader.fd >= 0 && !path && read_line(&reader, line, room))
		path = mapped_at(line, address);
	if (reader.fd >= 0)
		close(reader.fd);
	return path;
}

static void say(const char *text)
{
	size_t length = strlen(text);

	while (length) {
		ssize_t done = write(STDERR_FILENO, text, length);

		if (done <= 0)
			return;
		text += done;
		length -= (size_t)done;
	}
}

static void on_bus_error(int number, siginfo_t *info, void *context)
{
	static char line[PATH_MAX + 128];
	const char *path = find_file((uintptr_t)info->si_addr, line, sizeof(line));
	struct stat status;

	(void)context;
	if (!path) { // no file: the machine's memory
		signal(number, SIG_DFL);
		raise(number);
		return;
	}
	say(guard.program);
	say(": ");
	say(path);
	say(": became shorter while it was read; try again when nothing writes to it [unreadable]\n");
	if (guard.output && !lstat(guard.output, &status) && S_ISREG(status.st_mode))
		unlink(guard.output);
	_exit(guard.status);
}

void guard_mapped_files(const char *program, int status)
{
	struct sigaction action = {.sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO | SA_RESETHAND};

	guard.program = program;
	guard.status = status;
	sigaction(SIGBUS, &action, NULL);
}

void guard_output(const char *path)
{
	guard.output = path;
}
