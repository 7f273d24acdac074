// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Serves lines on standard input in the situation that its first argument names:
 *   plain, main-gone (the main thread has ended), prefork (children all the time), creators (threads all the time),
 *   deny-exec / deny-write-exec / strict-list (seccomp filters), altstack, forever
 * "check" answers "ok VERSION"; "enter" goes into held() with a handler on its own stack that waits for "leave";
 * "vfork MS" has a thread wait for a vfork child; "pointers", "registers".
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../testdata/live/parts.h"

static volatile int leave, ended;
static int (*const remembered)(int) = value;

static void say(const char *what, long number)
{
	printf("%s %ld\n", what, number);
	fflush(stdout);
}

// ---- seccomp -----------------------------------------------------------------------------------------------

#define DENY          BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)
#define ALLOW         BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define LOAD(field)   BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define PROT_ARGUMENT BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2]))

static void install(struct sock_filter *filter, unsigned short count)
{
	struct sock_fprog program = {.len = count, .filter = filter};

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		exit(4);
}

// No executable mapping at all.
static void deny_exec(void)
{
	struct sock_filter filter[] = {
		LOAD(nr),      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 0, 3),
		PROT_ARGUMENT, BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1),
		DENY,          ALLOW,
	};

	install(filter, sizeof(filter) / sizeof(*filter));
}

// As systemd's MemoryDenyWriteExecute=yes: nothing both writable and executable, no mprotect to executable.
static void deny_write_exec(void)
{
	struct sock_filter filter[] = {
		LOAD(nr),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 0, 3),
		PROT_ARGUMENT,
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, PROT_EXEC | PROT_WRITE),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PROT_EXEC | PROT_WRITE, 4, 3),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mprotect, 0, 2),
		PROT_ARGUMENT,
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 1, 0),
		ALLOW,
		DENY,
	};

	install(filter, sizeof(filter) / sizeof(*filter));
}

// A list of what is allowed, as a service has it; mmap is on it.
static void strict_list(void)
{
	static const unsigned allowed[] = {SYS_read,
					   SYS_write,
					   SYS_mmap,
					   SYS_munmap,
					   SYS_exit,
					   SYS_exit_group,
					   SYS_futex,
					   SYS_rt_sigreturn,
					   SYS_rt_sigprocmask,
					   SYS_brk,
					   SYS_clock_nanosleep,
					   SYS_nanosleep,
					   SYS_restart_syscall,
					   SYS_newfstatat,
					   SYS_fstat,
					   SYS_lseek,
					   SYS_ioctl,
					   SYS_getrandom,
					   SYS_mprotect};
	enum { COUNT = sizeof(allowed) / sizeof(*allowed) };
	struct sock_filter filter[COUNT + 3];

	filter[0] = (struct sock_filter)LOAD(nr);
	for (unsigned i = 0; i < COUNT; i++)
		filter[1 + i] =
			(struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, allowed[i], COUNT - i, 0);
	filter[COUNT + 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	filter[COUNT + 2] = (struct sock_filter)ALLOW;
	install(filter, COUNT + 3);
}

// ---- situations --------------------------------------------------------------------------------------------

static void on_signal(int number)
{
	(void)number;
	while (!leave)
		usleep(1000);
}

static int wait_in_handler(int x)
{
	raise(SIGUSR1);
	return x;
}

static void *enter(void *argument)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK};
	stack_t stack = {.ss_size = 65536, .ss_sp = malloc(65536)};

	(void)argument;
	sigaltstack(&stack, NULL);
	sigaction(SIGUSR1, &action, NULL);
	say("left", held(wait_in_handler, 4));
	return NULL;
}

static void *run_forever(void *argument)
{
	(void)argument;
	say("ended", forever(&ended));
	return NULL;
}

static void *wait_for_vfork(void *argument)
{
	struct timespec time = {.tv_sec = (long)argument / 1000, .tv_nsec = (long)argument % 1000 * 1000000};
	pid_t pid = vfork();

	if (pid == 0) {
		syscall(SYS_nanosleep, &time, NULL);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	say("vfork-done", value(4));
	return NULL;
}

static void *fork_always(void *argument)
{
	(void)argument;
	for (;;) {
		int status = 0;
		pid_t pid = fork();

		if (pid == 0)
			_exit(value(3) / 10 == 3 ? 0 : 7);
		if (pid > 0 && (waitpid(pid, &status, 0) != pid || status != 0)) {
			say("WRONG child", status);
			_exit(9);
		}
	}
	return NULL;
}

static void *short_life(void *argument)
{
	return (void *)(long)(value((int)(long)argument) / 10);
}

static void *create_always(void *argument)
{
	for (long i = 0;; i = (i + 1) % 1000) {
		pthread_t thread;
		void *result;

		if (pthread_create(&thread, NULL, short_life, (void *)i))
			continue;
		pthread_join(thread, &result);
		if ((long)result != i) {
			say("WRONG thread", (long)result);
			_exit(9);
		}
	}
	return argument;
}

static void begin(void *(*run)(void *), void *argument)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, run, argument))
		exit(5);
	pthread_detach(thread);
}

static void *serve(void *argument)
{
	char line[64];

	while (fgets(line, sizeof(line), stdin)) {
		if (!strncmp(line, "check", 5))
			say("ok", value(5) - 50);
		else if (!strncmp(line, "enter", 5))
			begin(enter, NULL);
		else if (!strncmp(line, "leave", 5))
			leave = 1;
		else if (!strncmp(line, "end", 3))
			ended = 1;
		else if (!strncmp(line, "vfork", 5))
			begin(wait_for_vfork, (void *)atol(line + 5));
		else if (!strncmp(line, "pointers", 8))
			say("pointers", pointers_agree(remembered));
		else if (!strncmp(line, "registers", 9))
			say("registers", kept_registers(0x1234, 0x7777, 0x4321, 0x99));
	}
	_exit(0);
	return argument;
}

int main(int argc, char **argv)
{
	const char *situation = argc > 1 ? argv[1] : "plain";

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!strcmp(situation, "main-gone")) {
		begin(serve, NULL);
		pthread_exit(NULL);
	}
	if (!strcmp(situation, "prefork"))
		begin(fork_always, NULL);
	for (int i = 0; !strcmp(situation, "creators") && i < 4; i++)
		begin(create_always, NULL);
	if (!strcmp(situation, "forever"))
		begin(run_forever, NULL);
	if (!strcmp(situation, "deny-exec"))
		deny_exec();
	if (!strcmp(situation, "deny-write-exec"))
		deny_write_exec();
	if (!strcmp(situation, "strict-list"))
		strict_list();
	serve(NULL);
}
