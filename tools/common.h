/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What all tools say the same way: version, usage errors, numbers, colour, the end of their output. */
#ifndef TOOLS_COMMON_H
#define TOOLS_COMMON_H

#include <stdbool.h>
#include <stdio.h>

#include "util/util.h"

/* "hp-diff (hotpatch) 0.1.0" and the licence line, on stdout. */
void print_version(const char *program);
/* "PROGRAM: MESSAGE" and "Try 'PROGRAM --help'." on stderr; returns STATUS, so that main can return it. */
int usage_error(const char *program, int status, const char *format, ...) PRINTF_LIKE(3, 4);
/* A decimal number in 1..MAX, the whole of TEXT. */
bool parse_number(const char *text, unsigned max, unsigned *number);

enum color_mode { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };
/* "auto", "always", "never". false: none of them. */
bool parse_color(const char *text, enum color_mode *mode);
/* Auto: a terminal, TERM not "dumb", and NO_COLOR (no-color.org) unset or empty. */
bool color_wanted(enum color_mode mode, int fd);

/* Flushes stdout; says so and returns false when something of it could not be written (full disk, closed pipe). */
bool finish_output(const char *program);

/* All findings, one line each on stderr; sorts them first. */
void print_findings(const char *program, struct diags *diags);

/*
 * From now on a mapped file that another program cuts short ends this one with STATUS and one line on stderr, instead of
 * a signal. Then PATH of guard_output() is removed as well; NULL: nothing.
 */
void guard_mapped_files(const char *program, int status);
void guard_output(const char *path);

#endif
