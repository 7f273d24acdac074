// SPDX-License-Identifier: GPL-3.0-or-later
// What a target notices of being stopped and led through a system call of ours: nothing. Calls that sleep go on with
// the time that was left, also when the applier dies in the middle; signals arrive; its parent hears of no stop.
#include <errno.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "apply/process.h"
#include "apply/remote.h"
#include "apply/stop.h"
#include "apply/task.h"

enum { SLEEP_MS = 4000, DISTURBED_MS = 2000, NEVER = -1 };

// What a target says; shared with it.
struct report {
	volatile int ready, done;
	volatile long result, error;
	volatile uint64_t began, took_ms;
	volatile unsigned signals;
};

static unsigned number;

static void say(bool good, const char *name, const char *what)
{
	printf("%sok %u - %s\n", good ? "" : "not ", ++number, name);
	if (!good)
		printf("# %s\n", what);
	fflush(stdout);
}

// ---- calls that sleep ------------------------------------------------------------------------------

static const struct timespec sleep_time = {.tv_sec = SLEEP_MS / 1000, .tv_nsec = SLEEP_MS % 1000 * 1000000};

static long sleep_nanosleep(void)
{
	struct timespec left;

	return syscall(SYS_nanosleep, &sleep_time, &left);
}

static long sleep_clock_nanosleep(void)
{
	return syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &sleep_time, NULL);
}

static long sleep_poll(void)
{
	return syscall(SYS_poll, NULL, 0, SLEEP_MS);
}

static long sleep_futex(void)
{
	static uint32_t word;
	long result = syscall(SYS_futex, &word, FUTEX_WAIT, 0, &sleep_time, NULL, 0);

	return result == -1 && errno == ETIMEDOUT ? 0 : result ? result : 1;
}

static long sleep_ppoll(void)
{
	struct timespec time = sleep_time;

	return syscall(SYS_ppoll, NULL, 0, &time, NULL, 0);
}

static long sleep_select(void)
{
	struct timeval time = {.tv_sec = SLEEP_MS / 1000};

	return syscall(SYS_select, 0, NULL, NULL, NULL, &time);
}

static long sleep_epoll(void)
{
	struct epoll_event event;

	return syscall(SYS_epoll_wait, epoll_create1(0), &event, 1, SLEEP_MS);
}

static long sleep_sigtimedwait(void)
{
	sigset_t set;
	long result;

	sigemptyset(&set);
	sigaddset(&set, SIGWINCH);
	sigprocmask(SIG_BLOCK, &set, NULL);
	result = syscall(SYS_rt_sigtimedwait, &set, NULL, &sleep_time, 8);
	return result == -1 && errno == EAGAIN ? 0 : result ? result : 1;
}

static long sleep_recv(void)
{
	struct timeval time = {.tv_sec = SLEEP_MS / 1000};
	int pair[2];
	char byte;
	long result;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) ||
	    setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time)))
		return 1;
	result = recv(pair[0], &byte, 1, 0);
	return result == -1 && errno == EAGAIN ? 0 : result ? result : 1;
}

// `exact`: the kernel keeps the time that is left; the others begin anew, as after every stop (signal(7)).
static const struct sleeper {
	const char *name;
	long (*sleep)(void);
	bool exact;
} sleepers[] = {
	{"nanosleep", sleep_nanosleep, true}, {"clock_nanosleep", sleep_clock_nanosleep, true},
	{"poll", sleep_poll, true},           {"futex", sleep_futex, true},
	{"ppoll", sleep_ppoll, true},         {"select", sleep_select, true},
	{"epoll_wait", sleep_epoll, false},   {"rt_sigtimedwait", sleep_sigtimedwait, false},
	{"recv", sleep_recv, false},
};

static uint64_t now_ms(void)
{
	return monotonic_ns() / 1000000;
}

static void be_sleeper(const struct sleeper *sleeper, struct report *report)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
	report->began = now_ms();
	report->ready = 1;
	report->result = sleeper->sleep();
	report->error = errno;
	report->took_ms = now_ms() - report->began;
	report->done = 1;
	_exit(0);
}

// ---- the applier -----------------------------------------------------------------------------------

// From now on this process dies by SIGKILL's like at the first ptrace request of that kind.
static void die_at(int request)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ptrace, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)request, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = sizeof(filter) / sizeof(filter[0]), .filter = filter};

	if (request != NEVER &&
	    (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)))
		_exit(9);
}

// Maps a page in the target, and stops it as a whole, as hp-apply does. Exits with 0 when both were done.
static int stop_and_release(void *argument)
{
	uint64_t now = monotonic_ns();
	struct stop stop;
	int error = stop_all(&stop, argument, now + 1000000000, now + 2000000000);

	stop_release(&stop);
	return error;
}

static void be_applier(pid_t target, int request)
{
	struct process *process = process_open(target);
	struct remote_map map = {.address = 0x200000000000, .size = 4096, .protection = PROT_READ};
	uint64_t *left = NULL;
	size_t left_count = 0;
	int error = process ? process_open_memory(process) : -ESRCH;

	if (!error)
		error = process_read_maps(process);
	if (error)
		_exit(8);
	die_at(request);
	// A busy machine may not let the target come to its stop in time: then hp-apply tries again, too.
	for (int i = 0; i < 50; i++) {
		map.stub = stub_place(process, &left, &left_count);
		error = remote_mmap(process, &map, monotonic_ns() + 2000000000);
		if (error != -EAGAIN)
			break;
	}
	if (!error)
		error = with_tracer(stop_and_release, process);
	_exit(error ? 7 : 0);
}

static bool is_mapped(pid_t target)
{
	struct process *process = process_open(target);
	bool mapped = process && !process_read_maps(process) && process_mapping_at(process, 0x200000000000);

	if (process)
		process_close(process);
	return mapped;
}

// ---- sleeping through it ---------------------------------------------------------------------------

struct trial {
	const struct sleeper *sleeper;
	struct report *report;
	pid_t target, applier;
	uint64_t disturbed_ms; // when the applier came, since the call began
	bool late;             // the target had ended before the applier was done with it
	char wrong[160];
};

static struct report *shared_report(void)
{
	return mmap(NULL, sizeof(struct report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

static void judge(struct trial *trial, int request, int applier_status)
{
	const struct report *report = trial->report;
	bool died = WIFSIGNALED(applier_status);

	if (request == NEVER ? applier_status != 0 : !died)
		trial->late = report->done && !report->result;
	if (trial->late || (request == NEVER ? applier_status != 0 : !died))
		snprintf(trial->wrong, sizeof(trial->wrong), "the applier ends with %#x", applier_status);
	else if (!report->done)
		snprintf(trial->wrong, sizeof(trial->wrong), "does not end");
	else if (report->result)
		snprintf(trial->wrong, sizeof(trial->wrong), "gives %ld (%s)", report->result,
			 strerror((int)report->error));
	else if (report->took_ms + 10 < SLEEP_MS)
		snprintf(trial->wrong, sizeof(trial->wrong), "ends after %lu ms", report->took_ms);
	else if (trial->sleeper->exact && report->took_ms >= SLEEP_MS + trial->disturbed_ms)
		snprintf(trial->wrong, sizeof(trial->wrong), "began anew: %lu ms", report->took_ms);
}

// All calls at the same time, each in a process of its own; an applier for each, which dies at REQUEST. 1: all is well,
// 0: something is wrong, -1: the machine was too busy for it.
static int sleep_once(int request, char *what, size_t size)
{
	struct trial trials[ARRAY_SIZE(sleepers)] = {0};
	int good = 1;

	*what = 0;
	for (size_t i = 0; i < ARRAY_SIZE(trials); i++) {
		trials[i].sleeper = &sleepers[i];
		trials[i].report = shared_report();
		trials[i].target = fork();
		if (!trials[i].target)
			be_sleeper(trials[i].sleeper, trials[i].report);
	}
	usleep(DISTURBED_MS * 1000);
	for (size_t i = 0; i < ARRAY_SIZE(trials); i++) {
		trials[i].disturbed_ms = now_ms() - trials[i].report->began;
		trials[i].applier = fork();
		if (!trials[i].applier)
			be_applier(trials[i].target, request);
	}
	for (size_t i = 0; i < ARRAY_SIZE(trials); i++) {
		struct trial *trial = &trials[i];
		int status = 0;

		waitpid(trial->applier, &status, 0);
		for (unsigned k = 0; !trial->report->done && k < 1000; k++)
			usleep(10000);
		judge(trial, request, status);
		if (*trial->wrong) {
			good = trial->late && good ? -1 : 0;
			snprintf(what + strlen(what), size - strlen(what), "%s %s; ", trial->sleeper->name,
				 trial->wrong);
		}
		kill(trial->target, SIGKILL);
		waitpid(trial->target, NULL, 0);
		munmap(trial->report, sizeof(*trial->report));
	}
	return good;
}

static void sleep_through(const char *name, int request)
{
	char what[2000];
	int good = -1;

	for (int i = 0; i < 4 && good < 0; i++)
		good = sleep_once(request, what, sizeof(what));
	say(good > 0, name, what);
}

// ---- signals and the parent ------------------------------------------------------------------------

static struct report *counting;

static void count_signal(int signal)
{
	(void)signal;
	counting->signals++;
}

static pid_t start_counter(void)
{
	pid_t target;

	counting = shared_report();
	target = fork();
	if (target == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
		signal(SIGUSR1, count_signal);
		counting->ready = 1;
		for (;;)
			pause();
	}
	while (!counting->ready)
		usleep(1000);
	return target;
}

// Dies when it has seen that a signal is about to be delivered, and nobody has let it pass yet.
static void die_with_a_signal(pid_t target)
{
	struct task task = {.tid = target};
	struct ticker *ticker = ticker_start();
	uint64_t deadline = monotonic_ns() + 2000000000;
	int signal = 0;

	if (!ticker || task_seize(&task) || task_stop(&task, deadline) || ptrace(PTRACE_CONT, target, 0, 0) ||
	    kill(target, SIGUSR1))
		_exit(8);
	if (task_wait(&task, deadline, &signal) != STOP_SIGNAL || signal != SIGUSR1)
		_exit(7);
	kill(getpid(), SIGKILL);
}

static void signal_outlives_the_applier(void)
{
	pid_t target = start_counter(), applier = fork();
	char what[100];
	int status = 0;

	if (!applier)
		die_with_a_signal(target);
	waitpid(applier, &status, 0);
	for (unsigned k = 0; !counting->signals && k < 300; k++)
		usleep(10000);
	snprintf(what, sizeof(what), "%u signals arrived, the applier ended with %#x", counting->signals,
		 status);
	say(counting->signals == 1 && WIFSIGNALED(status), "signal_outlives_the_applier", what);
	kill(target, SIGKILL);
	waitpid(target, NULL, 0);
}

static volatile sig_atomic_t child_signals;

static void count_child_signal(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	child_signals += info->si_code == CLD_STOPPED || info->si_code == CLD_CONTINUED ||
			 info->si_code == CLD_TRAPPED;
}

// This process is the target's parent, one that wants to hear of stops.
static void parent_hears_nothing(void)
{
	struct sigaction action = {.sa_sigaction = count_child_signal, .sa_flags = SA_SIGINFO | SA_RESTART};
	pid_t target, applier;
	siginfo_t info = {0};
	char what[100];
	int status = 0;

	sigaction(SIGCHLD, &action, NULL);
	target = start_counter();
	applier = fork();
	if (!applier)
		be_applier(target, NEVER);
	waitpid(applier, &status, 0);
	waitid(P_PID, (id_t)target, &info, WSTOPPED | WCONTINUED | WNOHANG);
	snprintf(what, sizeof(what), "%d signals, status %d, the applier ended with %#x", (int)child_signals,
		 info.si_pid ? info.si_status : 0, status);
	say(!child_signals && !info.si_pid && !status && is_mapped(target), "parent_hears_of_no_stop", what);
	kill(target, SIGKILL);
	waitpid(target, NULL, 0);
	signal(SIGCHLD, SIG_DFL);
}

// A target that stands still by SIGSTOP: its parent hears of that once, and it stands afterwards.
static void stop_is_heard_once(void)
{
	pid_t target = start_counter(), applier;
	siginfo_t info = {0}, again = {0};
	struct process *process;
	char what[100], state = 0;
	int status = 0;

	kill(target, SIGSTOP);
	waitid(P_PID, (id_t)target, &info, WSTOPPED | WNOWAIT);
	applier = fork();
	if (!applier) {
		process = process_open(target);
		_exit(with_tracer(stop_and_release, process) ? 7 : 0);
	}
	waitpid(applier, &status, 0);
	info.si_pid = 0;
	waitid(P_PID, (id_t)target, &info, WSTOPPED | WNOHANG);
	waitid(P_PID, (id_t)target, &again, WCONTINUED | WNOHANG);
	process = process_open(target);
	state = process ? process_task_state(process, target) : '-';
	snprintf(what, sizeof(what), "stop %d by %d, continued %d, state %c, the applier ended with %#x",
		 info.si_pid == target, info.si_status, again.si_pid == target, state, status);
	say(info.si_pid == target && info.si_status == SIGSTOP && !again.si_pid && state == 'T' && !status,
	    "stopped_target_stays_stopped_and_its_parent_can_see_it", what);
	process_close(process);
	kill(target, SIGKILL);
	waitpid(target, NULL, 0);
}

int main(void)
{
	sleep_through("sleeping_calls_go_on_after_our_call", NEVER);
	sleep_through("sleeping_calls_go_on_when_the_applier_dies_before_our_call", PTRACE_SYSCALL);
	sleep_through("sleeping_calls_go_on_when_the_applier_dies_behind_our_call", PTRACE_GET_SYSCALL_INFO);
	signal_outlives_the_applier();
	parent_hears_nothing();
	stop_is_heard_once();
	printf("1..%u\n", number);
	return 0;
}
