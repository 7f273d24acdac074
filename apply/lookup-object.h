/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One loaded object of the target: its dynamic section and a search in its hash tables. Private to the lookup. */
#ifndef APPLY_LOOKUP_OBJECT_H
#define APPLY_LOOKUP_OBJECT_H

#include "apply/process.h"

enum { OBJECT_NAME_MAX = 256 };

struct loaded {
	uint64_t bias, dynamic;
	char name[OBJECT_NAME_MAX]; /* as in the link map, "" for the executable: then "the executable" */
	char soname[OBJECT_NAME_MAX];
	char **needed;
	size_t needed_count;
	unsigned number; /* of the namespace */
	bool first, vdso;
	bool broken; /* its dynamic section makes no sense */
	/* Run-time addresses, 0: not there. */
	uint64_t symbols, strings, strings_size, gnu_hash, hash, versions, definitions;
	uint64_t definition_count;
};

struct loaded_symbol {
	uint64_t address, size;
	uint8_t type; /* STT_* */
};

enum loaded_status { LOADED_FOUND, LOADED_MISSING, LOADED_AMBIGUOUS, LOADED_MALFORMED };

/* The value of TAG in the dynamic section at DYNAMIC (SIZE bytes; 0: unknown). false: it has none. */
bool dynamic_find(const struct process *process, uint64_t dynamic, uint64_t size, int64_t tag,
		  uint64_t *value);

void loaded_read(const struct process *process, uint64_t bias, uint64_t name, uint64_t dynamic,
		 struct loaded *object);
void loaded_release(struct loaded *object);
/* Is it what a DT_NEEDED of that name means? */
bool loaded_is(const struct loaded *object, const char *name);
enum loaded_status loaded_find(const struct process *process, const struct loaded *object, const char *name,
			       const char *version, struct loaded_symbol *symbol);

#endif
