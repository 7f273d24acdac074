/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where the dynamic linker of a process would find a symbol: from the process's memory only (r_debug, link_map,
 * hash tables, symbol versions; gABI "Dynamic Linking", glibc <link.h>). Hostile input: bounded and checked.
 */
#ifndef APPLY_LOOKUP_H
#define APPLY_LOOKUP_H

#include <stdbool.h>
#include <stdint.h>

#include "apply/process.h"

enum lookup_status {
	LOOKUP_FOUND = 0,
	LOOKUP_MISSING,   /* no object in scope defines it (in that version) */
	LOOKUP_AMBIGUOUS, /* no version asked for, and the first object that has it offers several */
	LOOKUP_IFUNC,     /* an IFUNC: its address is only known to the resolver in the process */
	LOOKUP_NO_LINKER, /* no dynamic linker here (static), or the image is not on its list */
	LOOKUP_MALFORMED, /* the tables in the process's memory are broken */
};

struct lookup_result {
	uint64_t address; /* run-time; for LOOKUP_IFUNC the resolver's */
	uint64_t size;
	uint8_t type;      /* STT_* */
	uint64_t dynamic;  /* run-time address of the PT_DYNAMIC of the object that defines it */
	char object[256];  /* its name in the link map, for messages */
	char message[256]; /* when not found: why */
};

struct lookup;

/* Reads the list of loaded objects, once for many symbols. Never NULL. PROCESS must outlive it. */
struct lookup *lookup_new(const struct process *process);
void lookup_free(struct lookup *lookup);

/*
 * Finds NAME for a reference from IMAGE: first in the global scope (the executable, preloaded objects and their
 * DT_NEEDED closure, breadth first), then in IMAGE itself and its own DT_NEEDED closure. Objects that were opened
 * with dlopen() are not taken to be global. VERSION NULL: the default version. RESULT is always filled.
 * TLS symbols are not found: they have no address.
 */
enum lookup_status lookup_symbol(struct lookup *lookup, const struct image *image, const char *name,
				 const char *version, struct lookup_result *result);

#endif
