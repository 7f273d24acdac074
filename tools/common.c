// SPDX-License-Identifier: GPL-3.0-or-later
// What all tools say the same way.
#include "tools/common.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void print_version(const char *program)
{
	printf("%s (hotpatch) %s\n", program, HP_TOOL_VERSION);
	printf("Licence GPLv3+: GNU GPL version 3 or later. There is no warranty.\n");
}

int usage_error(const char *program, int status, const char *format, ...)
{
	va_list arguments;

	fprintf(stderr, "%s: ", program);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fprintf(stderr, "\nTry '%s --help'.\n", program);
	return status;
}

bool parse_number(const char *text, unsigned max, unsigned *number)
{
	unsigned long value;
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || *end || !value || value > max)
		return false;
	*number = (unsigned)value;
	return true;
}

bool parse_color(const char *text, enum color_mode *mode)
{
	static const char *const names[] = {"auto", "always", "never"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!strcmp(text, names[i])) {
			*mode = (enum color_mode)i;
			return true;
		}
	}
	return false;
}

bool color_wanted(enum color_mode mode, int fd)
{
	const char *terminal = getenv("TERM"), *none = getenv("NO_COLOR");

	if (mode != COLOR_AUTO)
		return mode == COLOR_ALWAYS;
	return isatty(fd) && terminal && strcmp(terminal, "dumb") && !(none && *none);
}

bool finish_output(const char *program)
{
	errno = 0;
	if (!fflush(stdout) && !ferror(stdout))
		return true;
	if (errno != EPIPE) // a reader that has seen enough ("| head") needs no message
		fprintf(stderr, "%s: cannot write the output: %s\n", program, strerror(errno ? errno : EIO));
	return false;
}

void print_findings(const char *program, struct diags *diags)
{
	diags_sort(diags);
	for (size_t i = 0; i < diags_count(diags); i++)
		diag_print(stderr, program, diags_at(diags, i));
}
