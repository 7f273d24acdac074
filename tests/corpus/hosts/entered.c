// SPDX-License-Identifier: GPL-3.0-or-later
// Counts how often threads of a process enter given addresses, by the processor's breakpoint registers: nothing is
// written into the process, nothing stops it, and nothing that patches it knows of this.
//
//   entered PID ADDRESS...
//
// At most four addresses (hexadecimal); threads and children made later count too. Prints "ready", and when its
// stdin ends one line "ADDRESS COUNT" each. Exit: 0, 2 when the processor's registers cannot be had.
#include <dirent.h>
#include <errno.h>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ADDRESSES 4
#define THREADS   1024

static int watch(pid_t thread, unsigned long address)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_BREAKPOINT,
		.size = sizeof attr,
		.bp_type = HW_BREAKPOINT_X,
		.bp_addr = address,
		.bp_len = sizeof(long),
		.exclude_kernel = 1,
		.exclude_hv = 1,
		.inherit = 1,
	};
	return (int)syscall(SYS_perf_event_open, &attr, thread, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

static size_t threads_of(const char *pid, pid_t *thread)
{
	char path[64];
	size_t count = 0;
	snprintf(path, sizeof path, "/proc/%s/task", pid);
	DIR *folder = opendir(path);
	for (struct dirent *entry; folder && count < THREADS && (entry = readdir(folder));)
		if (entry->d_name[0] != '.')
			thread[count++] = atoi(entry->d_name);
	if (folder)
		closedir(folder);
	return count;
}

int main(int argc, char **argv)
{
	static pid_t thread[THREADS];
	static int counter[ADDRESSES][THREADS];
	char byte;
	if (argc < 3 || argc > 2 + ADDRESSES) {
		fprintf(stderr, "usage: entered PID ADDRESS...\n");
		return 3;
	}
	size_t threads = threads_of(argv[1], thread);
	for (int i = 2; i < argc; i++) {
		for (size_t t = 0; t < threads; t++) {
			counter[i - 2][t] = watch(thread[t], strtoul(argv[i], NULL, 16));
			// A thread that ended meanwhile enters nothing any more.
			if (counter[i - 2][t] < 0 && errno != ESRCH) {
				fprintf(stderr, "entered: %s: %s\n", argv[i], strerror(errno));
				return 2;
			}
		}
	}
	puts("ready");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		continue;
	for (int i = 2; i < argc; i++) {
		uint64_t sum = 0, value;
		for (size_t t = 0; t < threads; t++)
			if (counter[i - 2][t] >= 0 &&
			    read(counter[i - 2][t], &value, sizeof value) == sizeof value)
				sum += value;
		printf("%s %lu\n", argv[i], (unsigned long)sum);
	}
	return 0;
}
