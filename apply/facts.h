/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a package's manifest says that matters when applying. */
#ifndef APPLY_FACTS_H
#define APPLY_FACTS_H

#include "apply/apply.h"

/* Opens the package at PATH and reads its facts. 0, or the libhp status with *message (malloc'ed) set. */
int patch_open(const char *path, struct patch **patch, char **message);
/* The facts of a PACKAGE that is open already; they live in ARENA. */
void patch_read(struct patch *patch, struct hp_package *package, struct arena *arena);
void patch_close(struct patch *patch);

#endif
