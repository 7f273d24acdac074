// SPDX-License-Identifier: GPL-3.0-or-later
// --probe: does the service still answer? Run before as well, so that a broken baseline is not blamed on the package.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/hp-apply.h"

static void become_probe(const char *command, const char *pid, const char *id)
{
	int null = open("/dev/null", O_RDWR);

	setpgid(0, 0);
	if (null >= 0) { // standard output carries the report only
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
	}
	setenv("HP_PID", pid, 1);
	setenv("HP_ID", id, 1);
	execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(127);
}

bool run_probe(const char *command, pid_t pid, const char *id)
{
	char *number = xasprintf("%d", pid);
	struct pollfd ended = {.events = POLLIN};
	pid_t child;
	int status = -1, ready;

	fflush(NULL);
	child = fork();
	if (child == 0)
		become_probe(command, number, id);
	free(number);
	if (child < 0)
		return false;
	setpgid(child, child);
	ended.fd = (int)syscall(SYS_pidfd_open, child, 0);
	do {
		ready = ended.fd < 0 ? 1 : poll(&ended, 1, PROBE_SECONDS * 1000);
	} while (ready < 0 && errno == EINTR);
	if (ready <= 0)
		kill(-child, SIGKILL);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (ended.fd >= 0)
		close(ended.fd);
	return ready > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
