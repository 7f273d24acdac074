// SPDX-License-Identifier: GPL-3.0-or-later
// What the kernel writes to its log while a module is loaded: one record per read of /dev/kmsg, "PRIORITY,...;MESSAGE"
// (Documentation/ABI/testing/dev-kmsg). The loader returns a number; only the log has the reason.
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "apply/kernel.h"

enum { WARNING = 4, RECORD_MAX = 8192, RECORDS_MAX = 1000 };

int kernel_log_open(void)
{
	int log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (log >= 0 && lseek(log, 0, SEEK_END) < 0) {
		close(log);
		return -1;
	}
	return log;
}

// The text of a record that warns of MODULE or of livepatches; NULL: it does not. That a module taints is no reason.
static char *warning_text(char *record, const char *module)
{
	char *text = strchr(record, ';');

	if (!text++ || (atoi(record) & 7) > WARNING)
		return NULL;
	text[strcspn(text, "\n")] = '\0';
	for (char *at = text; *at; at++)
		if ((unsigned char)*at < 0x20 || (unsigned char)*at == 0x7f)
			*at = '?';
	if (strstr(text, "taint") || (!strstr(text, module) && strncmp(text, "livepatch: ", 11) != 0))
		return NULL;
	return text;
}

const char *kernel_log_close(int log, struct arena *arena, const char *module)
{
	char record[RECORD_MAX], *text = NULL;

	for (unsigned i = 0; log >= 0 && !text && i < RECORDS_MAX; i++) {
		ssize_t size = read(log, record, sizeof(record) - 1);

		if (size < 0 && errno == EPIPE) // the oldest ones are overwritten already
			continue;
		if (size <= 0)
			break;
		record[size] = '\0';
		text = warning_text(record, module);
	}
	if (log >= 0)
		close(log);
	return text ? arena_strdup(arena, text) : NULL;
}
