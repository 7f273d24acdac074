// SPDX-License-Identifier: GPL-3.0-or-later
// Calls the library's symbols of each kind. "check" answers "all A first B second C"; with HOOK the hook is this program's own.
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>

int forms_all(int x);
int old_versioned(int x);
int forms_versioned(int x);
__asm__(".symver old_versioned,forms_versioned@FORMS_1");
__asm__(".symver forms_versioned,forms_versioned@FORMS_2");
#ifdef HOOK
int forms_hook(int x);
int forms_hook(int x)
{
	return x + 5;
}
#endif

int main(void)
{
	char line[64];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (fgets(line, sizeof(line), stdin)) {
		printf("all %d first %d second %d\n", forms_all(0), old_versioned(0), forms_versioned(0));
		fflush(stdout);
	}
	return 0;
}
