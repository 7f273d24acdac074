// SPDX-License-Identifier: GPL-3.0-or-later
//
// Runs in the guest: asks the kernel what no BusyBox command asks. One question per call, one line as answer.

#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

enum { GETDENTS_BYTES = 4096, ARGUMENTS_MAX = 10000 };

// Inode numbers of COUNT new pipes: the lowest, the highest, how many are multiples of 1000. Always of one processor: each
// has numbers of its own, and one that was idle has low ones left.
static int inodes(int count)
{
	unsigned long low = ~0UL, high = 0, thousands = 0;
	cpu_set_t first;

	CPU_ZERO(&first);
	CPU_SET(0, &first);
	if (sched_setaffinity(0, sizeof(first), &first))
		return 1;
	for (int i = 0; i < count; i++) {
		int ends[2];
		struct stat facts;

		if (pipe(ends) || fstat(ends[0], &facts))
			return 1;
		low = facts.st_ino < low ? facts.st_ino : low;
		high = facts.st_ino > high ? facts.st_ino : high;
		thousands += facts.st_ino % 1000 == 0;
		close(ends[0]);
		close(ends[1]);
	}
	printf("%lu %lu %lu\n", low, high, thousands);
	return 0;
}

static int process_count(void)
{
	struct sysinfo facts;

	if (sysinfo(&facts))
		return 1;
	printf("%d\n", facts.procs);
	return 0;
}

// What getdents64 into memory that is not there says.
static int fault(void)
{
	int fd = open("/", O_RDONLY | O_DIRECTORY);
	long got = syscall(SYS_getdents64, fd, (void *)GETDENTS_BYTES, GETDENTS_BYTES);

	puts(got >= 0 ? "no error" : strerrorname_np(errno));
	return 0;
}

static int inode_in_directory(const char *directory, const char *name)
{
	DIR *open = opendir(directory);
	struct dirent *entry;

	while (open && (entry = readdir(open)))
		if (!strcmp(entry->d_name, name))
			printf("%lu\n", (unsigned long)entry->d_ino);
	return !open;
}

// A program started with COUNT arguments: its exit status, or why it could not be started.
static int start(int count)
{
	static char *arguments[ARGUMENTS_MAX + 1];
	int status;
	pid_t child;

	if (count > ARGUMENTS_MAX)
		return 1;
	for (int i = 0; i < count; i++)
		arguments[i] = "true";
	fflush(stdout);
	child = fork();
	if (!child) {
		execv("/bin/true", arguments);
		_exit(errno);
	}
	waitpid(child, &status, 0);
	puts(WEXITSTATUS(status) ? strerrorname_np(WEXITSTATUS(status)) : "started");
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "inodes") && argc == 3)
		return inodes(atoi(argv[2]));
	if (!strcmp(what, "processes"))
		return process_count();
	if (!strcmp(what, "fault"))
		return fault();
	if (!strcmp(what, "inode") && argc == 4)
		return inode_in_directory(argv[2], argv[3]);
	if (!strcmp(what, "start") && argc == 3)
		return start(atoi(argv[2]));
	return 2;
}
