/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the parts of hp-show share. */
#ifndef TOOLS_HP_SHOW_H
#define TOOLS_HP_SHOW_H

#include <jansson.h>

#include "formats/hp.h"

/* "process", "linux", "linux-module", "xen". */
const char *kind_name(uint32_t kind);

/* The listing for people, on stdout. MANIFEST is the parsed manifest. */
void show_text(const char *path, struct hp_package *package, json_t *manifest);
/* --json, on stdout (doc/hp-show.schema.json). */
void show_json(const char *path, struct hp_package *package, json_t *manifest);

#endif
