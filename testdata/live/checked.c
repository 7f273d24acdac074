// SPDX-License-Identifier: GPL-3.0-or-later
// Built with -fsanitize=undefined. "check" answers "ok VERSION", "grow" what an overflow comes to; the runtime tells of it.
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

__attribute__((noinline)) static int grow(int value, int by)
{
	volatile int wanted = by;

#if VERSION == 2
	if (wanted > 3)
		return value * wanted;
	if (wanted < 0)
		return value - wanted;
#endif
	return value + wanted;
}

int main(void)
{
	char line[64];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (fgets(line, sizeof(line), stdin)) {
		if (!strcmp(line, "check\n"))
			printf("ok %d\n", grow(1, 4) == 5 ? 1 : 2);
		else
			printf("grown %d\n", grow(INT_MAX - 1, 4));
		fflush(stdout);
	}
}
