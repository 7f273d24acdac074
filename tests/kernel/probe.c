// SPDX-License-Identifier: GPL-3.0-or-later
//
// Runs in the guest: asks the kernel what no BusyBox command asks. One question per call, one line as answer.

#define _GNU_SOURCE
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <time.h>
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

// Seconds that a process called NAME sleeps when it asks for three.
static int nap(const char *name)
{
	struct timespec asked = {.tv_sec = 3}, before, after;

	prctl(PR_SET_NAME, name);
	clock_gettime(CLOCK_MONOTONIC, &before);
	nanosleep(&asked, NULL);
	clock_gettime(CLOCK_MONOTONIC, &after);
	printf("%d\n", (int)(after.tv_sec - before.tv_sec + (after.tv_nsec >= before.tv_nsec) - 1));
	return 0;
}

// Longest file name, as a process called NAME is told.
static int name_length(const char *name)
{
	struct statfs facts;

	prctl(PR_SET_NAME, name);
	if (statfs("/tmp", &facts))
		return 1;
	printf("%d\n", (int)facts.f_namelen);
	return 0;
}

// ---- code as it is in memory: /proc/kcore ----

enum { CODE_MAX = 1 << 16 };
struct code {
	unsigned long start, size;
	uint8_t bytes[CODE_MAX];
};

static int read_code(const char *start, const char *size, struct code *code)
{
	int file = open("/proc/kcore", O_RDONLY | O_CLOEXEC);
	Elf64_Ehdr header;
	Elf64_Phdr segment;

	code->start = strtoul(start, NULL, 16);
	code->size = strtoul(size, NULL, 16);
	if (code->size > CODE_MAX || pread(file, &header, sizeof(header), 0) != sizeof(header))
		return 1;
	for (unsigned i = 0; i < header.e_phnum; i++) {
		if (pread(file, &segment, sizeof(segment), (off_t)(header.e_phoff + i * sizeof(segment))) !=
		    sizeof(segment))
			return 1;
		if (segment.p_type == PT_LOAD && code->start >= segment.p_vaddr &&
		    code->start + code->size <= segment.p_vaddr + segment.p_memsz)
			return pread(file, code->bytes, code->size,
				     (off_t)(segment.p_offset + code->start - segment.p_vaddr)) !=
			       (ssize_t)code->size;
	}
	return 1;
}

// How many calls and jumps in SIZE bytes from START on go to TARGET.
static int count_branches(const char *start, const char *size, const char *target)
{
	static struct code code;
	unsigned long to = strtoul(target, NULL, 16);
	int count = 0, distance;

	if (!to || read_code(start, size, &code))
		return 1;
	for (size_t i = 0; i + 5 <= code.size; i++) {
		memcpy(&distance, code.bytes + i + 1, 4);
		count += (code.bytes[i] == 0xe8 || code.bytes[i] == 0xe9) &&
			 code.start + i + 5 + (unsigned long)distance == to;
	}
	printf("%d\n", count);
	return 0;
}

// How often three bytes stand in SIZE bytes from START on.
static int count_bytes(const char *start, const char *size, const char *hex)
{
	static struct code code;
	unsigned long wanted = strtoul(hex, NULL, 16);
	int count = 0;

	if (read_code(start, size, &code))
		return 1;
	for (size_t i = 0; i + 3 <= code.size; i++)
		count += (unsigned long)(code.bytes[i] << 16 | code.bytes[i + 1] << 8 | code.bytes[i + 2]) ==
			 wanted;
	printf("%d\n", count);
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
	if (!strcmp(what, "nap") && argc == 3)
		return nap(argv[2]);
	if (!strcmp(what, "namelen") && argc == 3)
		return name_length(argv[2]);
	if (!strcmp(what, "branches") && argc == 5)
		return count_branches(argv[2], argv[3], argv[4]);
	if (!strcmp(what, "bytes") && argc == 5)
		return count_bytes(argv[2], argv[3], argv[4]);
	return 2;
}
