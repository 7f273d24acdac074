// SPDX-License-Identifier: GPL-3.0-or-later
// Uses the library: linked with it, or opened with dlopen() when an argument names it.
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <signal.h>

#ifdef LINKED
int library_value(int x);
#else
static int (*const library_value)(int);
#endif

int main(int argc, char **argv)
{
	void *handle = argc > 1 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
	int (*value)(int) = handle ? (int (*)(int))dlsym(handle, "library_value") : library_value;
	char line[64];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (value && fgets(line, sizeof(line), stdin)) {
		printf("ok %d\n", value(5) - 50);
		fflush(stdout);
	}
	return 0;
}
