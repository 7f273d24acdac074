/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a case and the program around it have in common. A case is built twice, with -DVERSION=1 and =2. */
#ifndef HOST_H
#define HOST_H

#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define OUT_OF_LINE __attribute__((noinline, noclone))
#define HIDDEN      __attribute__((visibility("hidden")))

void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void served(int x); /* the case's; called with the number 0 to 9 of each line */

#endif
