// SPDX-License-Identifier: GPL-3.0-or-later
// ptrace for one thread. See task.h for what holds at every instant.
#include "apply/task.h"

#include <elf.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "util/util.h"

enum { TICK_NS = 5000000, TICK_SIGNAL = SIGURG };

// Error numbers of include/linux/errno.h that user space never sees: how the kernel marks a call for restarting.
enum { ERESTARTNOHAND_ = 514 };

uint64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

struct ticker {
	timer_t timer;
};

static void tick(int signal)
{
	(void)signal;
}

struct ticker *ticker_start(void)
{
	struct ticker *ticker = xalloc(sizeof(*ticker));
	struct sigaction action = {.sa_handler = tick};
	struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = TICK_SIGNAL};
	struct itimerspec period = {.it_interval.tv_nsec = TICK_NS, .it_value.tv_nsec = TICK_NS};

	event._sigev_un._tid = gettid();
	sigaction(TICK_SIGNAL, &action, NULL);
	if (timer_create(CLOCK_MONOTONIC, &event, &ticker->timer)) {
		free(ticker);
		return NULL;
	}
	timer_settime(ticker->timer, 0, &period, NULL);
	return ticker;
}

void ticker_stop(struct ticker *ticker)
{
	if (ticker)
		timer_delete(ticker->timer);
	free(ticker);
}

static char task_state(pid_t tid)
{
	char path[48], text[512], *at;
	FILE *file;
	size_t got;

	snprintf(path, sizeof(path), "/proc/%d/stat", tid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	got = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[got] = '\0';
	at = strrchr(text, ')');
	return at && at[1] == ' ' ? at[2] : 0;
}

static bool ended(pid_t tid)
{
	char state = task_state(tid);

	return !state || state == 'Z' || state == 'X';
}

int task_seize(struct task *task)
{
	int error;

	if (!ptrace(PTRACE_SEIZE, task->tid, 0, PTRACE_O_TRACESYSGOOD)) {
		task->seized = true;
		return 0;
	}
	error = errno;
	if (error == ESRCH || ended(task->tid)) {
		task->gone = true;
		return -ESRCH;
	}
	return -error;
}

int task_interrupt(const struct task *task)
{
	return ptrace(PTRACE_INTERRUPT, task->tid, 0, 0) ? -errno : 0;
}

static enum stop_kind note_end(struct task *task)
{
	siginfo_t info;

	// A traced thread that is no group leader stays a zombie until its tracer has seen it.
	waitid(P_PID, (id_t)task->tid, &info, WEXITED | WNOHANG | __WALL);
	task->gone = true;
	task->stopped = task->seized = false;
	return STOP_GONE;
}

static enum stop_kind note_stop(struct task *task, int status, int *signal)
{
	int event = status >> 8;

	task->stopped = true;
	*signal = status & 0x7f;
	if (event == PTRACE_EVENT_STOP) {
		task->group_stopped = *signal != SIGTRAP;
		return task->group_stopped ? STOP_GROUP : STOP_EVENT;
	}
	if (event)
		return STOP_OTHER;
	return status == (SIGTRAP | 0x80) ? STOP_SYSCALL : STOP_SIGNAL;
}

// WNOWAIT: a stop status that is taken away is a signal that is lost when the tracer dies then.
enum stop_kind task_wait(struct task *task, uint64_t deadline, int *signal)
{
	for (;;) {
		siginfo_t info = {0};

		if (waitid(P_PID, (id_t)task->tid, &info, WSTOPPED | WEXITED | WNOWAIT | __WALL)) {
			if (errno != EINTR)
				return note_end(task);
			if (ended(task->tid)) // a main thread that ended before the others
				return note_end(task);
			if (monotonic_ns() >= deadline)
				return STOP_TIMEOUT;
			continue;
		}
		if (info.si_code == CLD_EXITED || info.si_code == CLD_KILLED || info.si_code == CLD_DUMPED)
			return note_end(task);
		return note_stop(task, info.si_status, signal);
	}
}

int task_wait_stopped(struct task *task, uint64_t deadline)
{
	for (;;) {
		int signal = 0;

		switch (task_wait(task, deadline, &signal)) {
		case STOP_EVENT:
		case STOP_GROUP:
			return 0;
		case STOP_GONE:
			return -ESRCH;
		case STOP_TIMEOUT:
			return -ETIMEDOUT;
		case STOP_SIGNAL:
			task->signals_seen = true;
			break;
		default:
			signal = 0;
		}
		// Any stop clears a pending interrupt: ask again, then go on.
		if (task_interrupt(task) || ptrace(PTRACE_CONT, task->tid, 0, signal)) {
			if (errno != ESRCH)
				return -errno;
		}
		task->stopped = false;
	}
}

int task_stop(struct task *task, uint64_t deadline)
{
	int error = task_interrupt(task);

	if (error && error != -ESRCH)
		return error;
	return task_wait_stopped(task, deadline);
}

int task_read_registers(struct task *task)
{
	struct iovec vector = {&task->registers, sizeof(task->registers)};

	if (ptrace(PTRACE_GETREGSET, task->tid, NT_PRSTATUS, &vector))
		return -errno;
	// A task in 32-bit code has a shorter register set, and code segment 0x23 (arch/x86/include/asm/segment.h).
	if (vector.iov_len != sizeof(task->registers) || task->registers.cs == 0x23)
		return -ENOEXEC;
	return 0;
}

int task_write_registers(const struct task *task)
{
	struct iovec vector = {(void *)&task->registers, sizeof(task->registers)};

	return ptrace(PTRACE_SETREGSET, task->tid, NT_PRSTATUS, &vector) ? -errno : 0;
}

// signal(7), "Interruption of system calls and library functions by stop signals": these fail with EINTR after a
// stop though no handler ran. Told to restart when no handler runs, they do; when one runs, the kernel turns the
// mark back into EINTR.
static bool fails_after_stop(uint64_t call)
{
	static const uint16_t calls[] = {
		SYS_epoll_wait, SYS_epoll_pwait,  SYS_epoll_pwait2,  SYS_rt_sigtimedwait, SYS_semop,
		SYS_semtimedop, SYS_io_getevents, SYS_io_pgetevents, SYS_accept,          SYS_accept4,
		SYS_connect,    SYS_recvfrom,     SYS_recvmsg,       SYS_recvmmsg,        SYS_sendto,
		SYS_sendmsg,    SYS_sendmmsg,     SYS_read,          SYS_readv,           SYS_write,
		SYS_writev,
	};

	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		if (calls[i] == call)
			return true;
	}
	return false;
}

int task_repair_interrupted(struct task *task)
{
	struct user_regs_struct *registers = &task->registers;

	if ((int64_t)registers->orig_rax < 0 || (int64_t)registers->rax != -EINTR ||
	    !fails_after_stop(registers->orig_rax))
		return 0;
	registers->rax = (uint64_t)-ERESTARTNOHAND_;
	return task_write_registers(task);
}

void task_detach(struct task *task)
{
	if (!task->seized || task->gone || !task->stopped)
		return;
	if (!ptrace(PTRACE_DETACH, task->tid, 0, 0) || errno == ESRCH)
		task->seized = task->stopped = false;
}

struct tracer {
	int (*work)(void *argument);
	void *argument;
	int result;
	pid_t tid;
};

// The target stands still while this thread works: nothing else should run on its processor meanwhile. Without the
// right to do so it goes on as it is. And no SIGCHLD for every stop: statuses are waited for.
static void prefer_tracer(void)
{
	struct sched_param parameters = {.sched_priority = 1};
	struct sigaction quiet = {.sa_handler = SIG_DFL, .sa_flags = SA_NOCLDSTOP};

	sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &parameters);
	sigaction(SIGCHLD, &quiet, NULL);
}

static void *run_tracer(void *argument)
{
	struct tracer *tracer = argument;

	prefer_tracer();
	tracer->tid = gettid();
	tracer->result = tracer->work(tracer->argument);
	return NULL;
}

// A traced thread that does not stop (the parent of a vfork) can be released in one way only: its tracer ends.
int with_tracer(int (*work)(void *argument), void *argument)
{
	struct tracer tracer = {.work = work, .argument = argument};
	pthread_t thread;
	char path[64];
	int error = pthread_create(&thread, NULL, run_tracer, &tracer);

	if (error)
		return -error;
	pthread_join(thread, NULL);
	// The join returns a little before the kernel has released what the thread traced.
	snprintf(path, sizeof(path), "/proc/self/task/%d", tracer.tid);
	for (int i = 0; i < 2000 && !access(path, F_OK); i++)
		nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
	return tracer.result;
}
