// SPDX-License-Identifier: GPL-3.0-or-later
// Which tasks hold a transition up: /proc/PID/task/TID/patch_state, and where they sleep: .../stack.
#include "apply/kernel.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool read_text(int directory, const char *name, char *text, size_t room)
{
	int file = openat(directory, name, O_RDONLY | O_CLOEXEC);
	ssize_t size = file < 0 ? -1 : read(file, text, room - 1);

	if (file >= 0)
		close(file);
	text[size > 0 ? size : 0] = '\0';
	return size > 0;
}

// "[<0>] do_nanosleep+0x67/0x190" per line, innermost first; a frame becomes its function's name.
static void read_stack(int directory, struct kernel_task *task)
{
	char text[4096];
	size_t used = 0;

	*task->at = *task->stack = '\0';
	read_text(directory, "stack", text, sizeof(text));
	for (char *line = text, *end; *line && (end = strchr(line, '\n')); line = end + 1) {
		char *name = strchr(line, ' '), *stop;

		*end = '\0';
		if (!name)
			continue;
		stop = strchr(++name, '+');
		if (stop)
			*stop = '\0';
		if (!*task->at)
			snprintf(task->at, sizeof(task->at), "%s", name);
		if (used + strlen(name) + 4 < sizeof(task->stack))
			used += (size_t)snprintf(task->stack + used, sizeof(task->stack) - used, "%s%s",
						 used ? " < " : "", name);
	}
}

static bool read_task(int directory, int wanted, struct kernel_task *task)
{
	char text[32];

	// -1: no transition concerns this task
	if (!read_text(directory, "patch_state", text, sizeof(text)) || atoi(text) < 0 ||
	    atoi(text) == wanted)
		return false;
	read_text(directory, "comm", task->comm, sizeof(task->comm));
	task->comm[strcspn(task->comm, "\n")] = '\0';
	for (char *at = task->comm; *at; at++)
		if (!isprint((unsigned char)*at))
			*at = '?';
	read_stack(directory, task);
	return true;
}

static size_t read_threads(int pid, int wanted, struct kernel_task *tasks, size_t room)
{
	char path[64];
	struct dirent *entry;
	DIR *directory;
	size_t count = 0;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	directory = opendir(path);
	while (directory && count < room && (entry = readdir(directory))) {
		int tid = atoi(entry->d_name), file;

		file = tid > 0 ? openat(dirfd(directory), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
			       : -1;
		if (file < 0)
			continue;
		tasks[count].pid = pid;
		tasks[count].tid = tid;
		count += read_task(file, wanted, &tasks[count]);
		close(file);
	}
	if (directory)
		closedir(directory);
	return count;
}

size_t kernel_tasks(int wanted, struct kernel_task *tasks, size_t room)
{
	DIR *directory = opendir("/proc");
	struct dirent *entry;
	size_t count = 0;

	while (directory && count < room && (entry = readdir(directory))) {
		int pid = atoi(entry->d_name);

		if (pid > 0)
			count += read_threads(pid, wanted, tasks + count, room - count);
	}
	if (directory)
		closedir(directory);
	return count;
}
