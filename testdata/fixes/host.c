// SPDX-License-Identifier: GPL-3.0-or-later
// Runs served() of a case for each line on standard input. Says its answer in one line.
#include <stdio.h>
#include <string.h>

#include "host.h"

char answer[4096];

void say(const char *format, ...)
{
	va_list arguments;
	size_t used = strlen(answer);

	va_start(arguments, format);
	vsnprintf(answer + used, sizeof(answer) - used, format, arguments);
	va_end(arguments);
}

int main(void)
{
	char line[256];

	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = 0;
		answer[0] = 0;
		served(line[0] ? line[0] - '0' : 0);
		puts(answer);
		fflush(stdout);
	}
	return 0;
}
