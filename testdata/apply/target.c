/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A process to be patched. Arguments: number of threads that keep calling, then words:
 *	leave-main	the main thread ends, another one serves
 *	filter=KIND	seccomp: mmap-dies, mmap-fails, mmap-allowed
 *	fork		a child is forked before the first command; it serves, the parent waits
 * Commands on standard input, one line each: answer N, other N, library N, hold (a thread enters hold()), release,
 * count, fork (a child answers "child N"), vfork MS, pid.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int answer(int x);
int hold(int file);
int count(void);
int other(int x);
int library_answer(int x) __attribute__((weak));

static int hold_pipe[2];

static void *keep_calling(void *unused)
{
	volatile long sum = 0;

	for (;;) {
		for (int i = 0; i < 100; i++)
			sum += answer(i);
		usleep(300);
	}
	return unused;
}

static void *hold_here(void *unused)
{
	dprintf(1, "held %d\n", hold(hold_pipe[0]));
	return unused;
}

static void install_filter(const char *kind)
{
	unsigned action = !strcmp(kind, "mmap-dies")    ? SECCOMP_RET_KILL_PROCESS
			  : !strcmp(kind, "mmap-fails") ? SECCOMP_RET_ERRNO | EPERM
							: SECCOMP_RET_ALLOW;
	struct sock_filter program[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = {sizeof(program) / sizeof(*program), program};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter))
		exit(9);
}

static void fork_child(const char *text)
{
	if (fork() == 0) {
		dprintf(1, "child %d\n", answer(atoi(text)));
		_exit(0);
	}
	wait(NULL);
}

static void vfork_child(const char *text)
{
	struct timespec *pause =
		&(struct timespec){.tv_nsec = atol(text) * 1000000 % 1000000000, .tv_sec = atol(text) / 1000};

	dprintf(1, "vfork\n");
	if (vfork() == 0) {
		syscall(SYS_nanosleep, pause, NULL);
		_exit(0);
	}
	wait(NULL);
	dprintf(1, "vfork over\n");
}

static void serve(void)
{
	FILE *input = fdopen(0, "r");
	char line[128];
	pthread_t thread;

	while (fgets(line, sizeof(line), input)) {
		if (!strncmp(line, "answer ", 7))
			dprintf(1, "%d\n", answer(atoi(line + 7)));
		else if (!strncmp(line, "library ", 8))
			dprintf(1, "%d\n", library_answer ? library_answer(atoi(line + 8)) : -1);
		else if (!strncmp(line, "other ", 6))
			dprintf(1, "%d\n", other(atoi(line + 6)));
		else if (!strncmp(line, "hold", 4))
			pthread_create(&thread, NULL, hold_here, NULL);
		else if (!strncmp(line, "release", 7))
			(void)!write(hold_pipe[1], "\005", 1);
		else if (!strncmp(line, "count", 5))
			dprintf(1, "%d\n", count());
		else if (!strncmp(line, "fork ", 5))
			fork_child(line + 5);
		else if (!strncmp(line, "vfork ", 6))
			vfork_child(line + 6);
		else if (!strncmp(line, "pid", 3))
			dprintf(1, "%d\n", getpid());
	}
	exit(0);
}

static void *serve_thread(void *unused)
{
	serve();
	return unused;
}

int main(int argc, char **argv)
{
	int threads = argc > 1 ? atoi(argv[1]) : 0;
	pthread_t thread;

	if (pipe(hold_pipe))
		return 9;
	for (int i = 0; i < threads; i++)
		pthread_create(&thread, NULL, keep_calling, NULL);
	for (int i = 2; i < argc; i++) {
		if (!strncmp(argv[i], "filter=", 7))
			install_filter(argv[i] + 7);
		if (!strcmp(argv[i], "fork") && fork() != 0) {
			wait(NULL);
			return 0;
		}
		if (!strcmp(argv[i], "leave-main")) {
			pthread_create(&thread, NULL, serve_thread, NULL);
			pthread_exit(NULL);
		}
	}
	serve();
}
