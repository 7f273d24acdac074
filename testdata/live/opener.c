// SPDX-License-Identifier: GPL-3.0-or-later
// Opens and closes libraries. Commands: "open N FILE", "apart N FILE" (a namespace of its own), "close N", "check N",
// "count N".
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

static void *handles[8];

static int ask(unsigned number, int x)
{
	int (*value)(int) = handles[number] ? (int (*)(int))dlsym(handles[number], "opened_value") : NULL;

	return value ? value(x) : -1;
}

int main(void)
{
	char line[4200], word[16], file[4096];
	unsigned number;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setvbuf(stdout, NULL, _IOLBF, 0);
	while (fgets(line, sizeof(line), stdin)) {
		if (sscanf(line, "%15s %u %4095s", word, &number, file) < 2 || number > 7)
			continue;
		if (!strcmp(word, "open"))
			handles[number] = dlopen(file, RTLD_NOW | RTLD_LOCAL);
		if (!strcmp(word, "apart"))
			handles[number] = dlmopen(LM_ID_NEWLM, file, RTLD_NOW | RTLD_LOCAL);
		if (!strcmp(word, "close"))
			printf("closed %d\n", dlclose(handles[number]));
		else if (!strcmp(word, "check"))
			printf("ok %d\n", ask(number, 5) - 50);
		else if (!strcmp(word, "count"))
			printf("%d\n", ask(number, -1));
		else
			printf("%s\n", handles[number] ? "opened" : dlerror());
	}
	return 0;
}
