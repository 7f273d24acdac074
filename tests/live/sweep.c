// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Kills hp-apply with SIGKILL at its k-th stop at a system call (entry and exit count), and at random instants.
 * After every kill the target must be alive, consistent, and all of one version; then a second hp-apply lists,
 * applies and reverts with success. Prints TAP.
 *
 *   sweep HP-APPLY PACKAGE ID KILLS SEED TARGET [ARGUMENT...]
 *   KILLS: how many of each kind (system calls of applying, of reverting, random instants of both); 0: every
 *   system call, and a thousand random instants each
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { KILLS_PER_TARGET = 40, FAILURES_SHOWN = 5, ANSWER_MS = 60000, RUN_MS = 90000 };

static const char *hp_apply, *package, *id;
static char *const *target_arguments;
static uint64_t random_state;

struct target {
	pid_t pid;
	int ask, told;
	unsigned kills;
};
static struct target target;

static uint64_t now_us(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
}

static uint64_t draw(uint64_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return below ? random_state % below : 0;
}

// ---- the target --------------------------------------------------------------------------------------------

// Until the child has become the target it is this program, which no package is for: its end of the pipe closes at exec.
static void wait_for_exec(int closed_by_exec)
{
	char byte;

	while (read(closed_by_exec, &byte, 1) < 0 && errno == EINTR)
		;
	close(closed_by_exec);
}

static void start_target(void)
{
	int to[2], from[2], exec[2];

	if (pipe2(to, O_CLOEXEC) || pipe2(from, O_CLOEXEC) || pipe2(exec, O_CLOEXEC))
		exit(3);
	target = (struct target){.pid = fork(), .ask = to[1], .told = from[0]};
	if (target.pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(to[0], 0);
		dup2(from[1], 1);
		execv(target_arguments[0], target_arguments);
		_exit(127);
	}
	close(to[0]);
	close(from[1]);
	close(exec[1]);
	wait_for_exec(exec[0]);
}

static void end_target(void)
{
	kill(target.pid, SIGKILL);
	waitpid(target.pid, NULL, 0);
	close(target.ask);
	close(target.told);
}

static bool read_line(char *line, size_t size)
{
	struct pollfd file = {.fd = target.told, .events = POLLIN};
	uint64_t end = now_us() + ANSWER_MS * 1000ul;
	size_t used = 0;

	while (used + 1 < size && now_us() < end) {
		if (poll(&file, 1, 100) <= 0)
			continue;
		if (read(target.told, line + used, 1) != 1)
			break;
		if (line[used] == '\n') {
			line[used] = '\0';
			return true;
		}
		used++;
	}
	line[used] = '\0';
	return false;
}

// The version the target says it has, 0 when it is not well: then *why tells.
static int check_target(char *why, size_t size)
{
	char line[512];
	int version = 0, status;

	if (write(target.ask, "check\n", 6) != 6 || !read_line(line, sizeof(line))) {
		if (waitpid(target.pid, &status, WNOHANG) == target.pid)
			snprintf(why, size, "the target died: %s %d; %s",
				 WIFSIGNALED(status) ? "signal" : "status",
				 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), line);
		else
			snprintf(why, size, "the target does not answer; %s", line);
		return 0;
	}
	if (sscanf(line, "ok %d", &version) != 1 || (version != 1 && version != 2)) {
		snprintf(why, size, "the target says: %s", line);
		return 0;
	}
	return version;
}

// ---- the applier -------------------------------------------------------------------------------------------

enum action { APPLY, REVERT, LIST };

static void run_applier(enum action action, int output)
{
	char pid[16], revert[128];

	snprintf(pid, sizeof(pid), "%d", target.pid);
	snprintf(revert, sizeof(revert), "--revert=%s", id);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(output, 1);
	dup2(output, 2);
	if (action == APPLY)
		execl(hp_apply, "hp-apply", "--timeout=30", "--trust=none", pid, package, (char *)NULL);
	else if (action == REVERT)
		execl(hp_apply, "hp-apply", "--timeout=30", revert, pid, (char *)NULL);
	else
		execl(hp_apply, "hp-apply", "--list", pid, (char *)NULL);
	_exit(127);
}

static int wait_exit(pid_t pid, uint64_t deadline)
{
	int status;

	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (now_us() > deadline) {
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			return -1;
		}
		usleep(1000);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// Runs it to its end. false: *why holds what it said.
static bool run_whole(enum action action, char *why, size_t size)
{
	static const char *const names[] = {"apply", "revert", "list"};
	char said[400] = "";
	int output[2], status;
	ssize_t got;
	pid_t pid;

	if (pipe2(output, O_CLOEXEC))
		return false;
	pid = fork();
	if (pid == 0)
		run_applier(action, output[1]);
	close(output[1]);
	status = wait_exit(pid, now_us() + RUN_MS * 1000ul);
	got = read(output[0], said, sizeof(said) - 1);
	said[got > 0 ? got : 0] = '\0';
	close(output[0]);
	if (status == 0)
		return true;
	for (char *at = said; *at; at++)
		*at = *at == '\n' ? '|' : *at;
	snprintf(why, size, "second hp-apply (%s) exits with %d: %.300s", names[action], status, said);
	return false;
}

static pid_t start_traced(enum action action)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC), status;
	pid_t pid = fork();

	if (pid == 0) {
		raise(SIGSTOP);
		run_applier(action, null);
	}
	close(null);
	waitpid(pid, &status, WUNTRACED);
	ptrace(PTRACE_SEIZE, pid, 0,
	       PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL);
	kill(pid, SIGCONT);
	return pid;
}

// Calls before the first one of these cannot have touched the target.
static bool touches_target(pid_t tid)
{
	struct __ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, tid, sizeof(info), &info) <= 0 ||
	    info.op != PTRACE_SYSCALL_INFO_ENTRY)
		return false;
	return info.entry.nr == SYS_ptrace || info.entry.nr == SYS_pwrite64 ||
	       info.entry.nr == SYS_process_vm_writev;
}

/*
 * Runs the applier and kills it at stop KILL_AT (1 is the first call that may touch the target; 0: never).
 * Gives the number of stops seen; *killed whether it was.
 */
static uint64_t run_traced(enum action action, uint64_t kill_at, bool *killed)
{
	pid_t pid = start_traced(action), tid;
	uint64_t stops = 0, deadline = now_us() + RUN_MS * 1000ul;
	bool counting = false;
	int status;

	*killed = false;
	while ((tid = waitpid(-1, &status, __WALL)) > 0) {
		int signal = 0;

		if (tid == target.pid) // found by the next check
			continue;
		if (WIFEXITED(status) || WIFSIGNALED(status)) {
			if (tid == pid)
				break;
			continue;
		}
		if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
			counting = counting || touches_target(tid);
			stops += counting;
			if ((kill_at && stops == kill_at && !*killed) || now_us() > deadline) {
				*killed = true;
				kill(pid, SIGKILL);
				continue;
			}
		} else if (status >> 16 == 0) {
			signal = WSTOPSIG(status);
		}
		ptrace(PTRACE_SYSCALL, tid, 0, signal);
	}
	return stops;
}

static bool run_for(enum action action, uint64_t microseconds)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC), status;
	uint64_t end = now_us() + microseconds;
	pid_t pid = fork();

	if (pid == 0)
		run_applier(action, null);
	close(null);
	while (now_us() < end && waitpid(pid, &status, WNOHANG) == 0)
		;
	if (kill(pid, SIGKILL))
		return false;
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status);
}

// ---- the sweep ---------------------------------------------------------------------------------------------

struct tally {
	unsigned kills, old, new, failures;
};

static bool prepare(enum action action, char *why, size_t size)
{
	if (target.pid && target.kills >= KILLS_PER_TARGET)
		end_target();
	if (!target.pid || target.kills >= KILLS_PER_TARGET)
		start_target();
	return action == APPLY || run_whole(APPLY, why, size);
}

static bool check_after_kill(struct tally *tally, char *why, size_t size)
{
	int version = check_target(why, size);

	if (!version)
		return false;
	tally->old += version == 1;
	tally->new += version == 2;
	if (!run_whole(LIST, why, size) || !run_whole(APPLY, why, size))
		return false;
	version = check_target(why, size);
	if (version != 2) {
		if (version)
			snprintf(why, size,
				 "the second hp-apply applied, but the target runs the old version");
		return false;
	}
	if (!run_whole(REVERT, why, size))
		return false;
	version = check_target(why, size);
	if (version == 2)
		snprintf(why, size, "the second hp-apply reverted, but the target runs the new version");
	return version == 1;
}

static void kill_once(enum action action, bool by_time, uint64_t at, struct tally *tally)
{
	char why[600] = "";
	bool killed = false, good = prepare(action, why, sizeof(why));

	if (good) {
		if (by_time)
			killed = run_for(action, at);
		else
			run_traced(action, at, &killed);
		tally->kills += killed;
		if (killed && tally->kills % 250 == 0)
			printf("# %u kills at %s %lu\n", tally->kills, by_time ? "microsecond" : "stop", at);
		target.kills++;
		good = check_after_kill(tally, why, sizeof(why));
	}
	if (good)
		return;
	if (tally->failures++ < FAILURES_SHOWN)
		printf("# %s killed at %s %lu: %s\n", action == APPLY ? "apply" : "revert",
		       by_time ? "microsecond" : "stop", at, why);
	fflush(stdout);
	end_target();
	target.pid = 0;
}

static void report(unsigned number, const char *name, const struct tally *tally)
{
	bool good = tally->failures == 0 && tally->kills > 0;

	printf("# %u kills; afterwards old %u times, new %u times; %u failures\n", tally->kills, tally->old,
	       tally->new, tally->failures);
	printf("%sok %u - %s\n", good ? "" : "not ", number, name);
	fflush(stdout);
}

static void sweep_calls(enum action action, unsigned kills, struct tally *tally)
{
	char why[600] = "";
	uint64_t stops = 0, most = 0, least = UINT64_MAX;
	bool killed;

	// Retries make the number of calls vary: points behind the shortest run would often not be reached.
	for (int i = 0; i < 3; i++) {
		if (!prepare(action, why, sizeof(why)))
			break;
		stops = run_traced(action, 0, &killed);
		most = stops > most ? stops : most;
		least = stops < least ? stops : least;
		if (!run_whole(action == APPLY ? REVERT : APPLY, why, sizeof(why)))
			break;
		if (action == REVERT)
			run_whole(REVERT, why, sizeof(why));
	}
	printf("# %s: up to %lu stops at system calls %s\n", action == APPLY ? "apply" : "revert", most, why);
	if (!kills)
		for (uint64_t k = 1; k <= most; k++)
			kill_once(action, false, k, tally);
	else
		for (unsigned i = 0; i < kills; i++)
			kill_once(action, false, 1 + least * i / kills + draw(least / kills + 1), tally);
}

static void sweep_time(enum action action, unsigned kills, struct tally *tally)
{
	char why[600] = "";
	uint64_t start, took;

	if (!prepare(action, why, sizeof(why)))
		return;
	start = now_us();
	run_whole(action, why, sizeof(why));
	took = now_us() - start;
	if (action == APPLY)
		run_whole(REVERT, why, sizeof(why));
	printf("# %s takes %lu us\n", action == APPLY ? "apply" : "revert", took);
	for (unsigned i = 0; i < kills; i++)
		kill_once(action, true, draw(took + took / 4), tally);
}

int main(int argc, char **argv)
{
	struct tally tallies[4] = {0};
	unsigned kills, failures = 0, old = 0, new = 0;

	if (argc < 7)
		return 3;
	hp_apply = argv[1];
	package = argv[2];
	id = argv[3];
	kills = (unsigned)atoi(argv[4]);
	random_state = strtoull(argv[5], NULL, 10) | 1;
	target_arguments = argv + 6;
	setvbuf(stdout, NULL, _IOLBF, 0); // a sweep takes long: its log tells how far it is
	printf("1..5\n# seed %s\n", argv[5]);
	signal(SIGPIPE, SIG_IGN);
	sweep_calls(APPLY, kills, &tallies[0]);
	report(1, "applying_killed_at_system_calls", &tallies[0]);
	sweep_calls(REVERT, kills, &tallies[1]);
	report(2, "reverting_killed_at_system_calls", &tallies[1]);
	sweep_time(APPLY, kills ? kills : 1000, &tallies[2]);
	report(3, "applying_killed_at_random_instants", &tallies[2]);
	sweep_time(REVERT, kills ? kills : 1000, &tallies[3]);
	report(4, "reverting_killed_at_random_instants", &tallies[3]);
	if (target.pid)
		end_target();
	for (int i = 0; i < 4; i++) {
		failures += tallies[i].failures;
		old += tallies[i].old;
		new += tallies[i].new;
	}
	printf("%sok 5 - kills_fell_before_and_behind_the_switch\n", old && new ? "" : "not ");
	return failures || !old || !new;
}
