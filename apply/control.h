/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The control block: what an applier writes into a process about itself, so that any later one can list, verify,
 * revert, and finish or clear what a dead one left. doc/control-block.md specifies it. Read as hostile input.
 *
 * It begins with the generation word that every trampoline compares with; behind the first page follows a log of
 * records that is only appended to. A record counts when its checksum is right; everything it names is written to
 * the target after it.
 */
#ifndef APPLY_CONTROL_H
#define APPLY_CONTROL_H

#include "apply/process.h"
#include "formats/hp.h"

#define CONTROL_MAGIC        "HPCTRL\x8d\r\n\x1a\n" /* and zeros to 16 bytes */
#define CONTROL_REGION_MAGIC "HPREGN\x8d\r\n\x1a\n"
enum {
	CONTROL_REGION_MARK = 64, /* bytes at the start of a region that say whose it is */
	CONTROL_MAGIC_SIZE = 16,
	CONTROL_VERSION = 1,
	CONTROL_SIZE =
		0x113000, /* an unusual size: a block whose maker died before its first write is known by it */
	CONTROL_SIZE_MAX = 1 << 26,
	CONTROL_WORD = 64,   /* offset of the generation word: a cache line of its own */
	CONTROL_STUBS = 128, /* offset of the room for remote-call stubs */
	CONTROL_RECORDS = 4096,
	CONTROL_ENTRY_MAX = HP_OLD_BYTES_MAX,
	TRAMPOLINE_SIZE = 32,
	ENTRY_JUMP_SIZE = 5,
};
#define CONTROL_NONE     UINT32_MAX
#define GENERATION_NEVER UINT32_MAX /* in a trampoline: never taken */

enum control_record {
	RECORD_IMAGE = 1,
	RECORD_REGION,
	RECORD_PACKAGE,
	RECORD_CODE,
	RECORD_FUNCTION,
	RECORD_BODY,
	RECORD_TRAMPOLINE,
	RECORD_STATE,
	RECORD_GENERATION,
};

struct control_image {
	uint64_t base, bias, start, end;
	uint32_t build_id_size;
	uint8_t build_id[BUILD_ID_MAX];
	const char *name;
	bool reloaded; /* it was unmapped, and the same file mapped there again; derived */
};

/* Memory that was mapped for us (or was about to be when the applier died). */
struct control_region {
	uint32_t image, protection;
	uint64_t address, size;
	uint64_t used; /* bytes that records give away; derived */
	bool mapped;   /* it is there; derived */
};

struct control_texts {
	const char **at;
	uint32_t count;
};

struct control_package {
	uint8_t digest[HP_HASH_SIZE];
	const char *id, *title;
	struct control_texts fixes, requires, supersedes;
};

/* A package's payload at one image. */
struct control_code {
	uint32_t package, image;
	uint64_t address, size, eh_frame, eh_frame_size, data, data_size;
	uint8_t hash[HP_HASH_SIZE]; /* SHA-256 of the code bytes */
};

struct control_range {
	uint64_t start, end;
};

/* A function that some package replaces. Addresses are run-time. */
struct control_function {
	uint32_t image, jump_size;
	uint64_t entry, jump; /* first byte; where the jump is written */
	uint64_t old_size;
	uint8_t old_hash[HP_HASH_SIZE];
	uint32_t original_size;
	uint8_t original[CONTROL_ENTRY_MAX]; /* bytes at `jump` before any jump */
	uint64_t prologue, prologue_size;    /* covered instructions, relocated, then a jump behind them */
	const char *name;
	struct control_range *parts; /* its old code */
	uint32_t part_count;
};

struct control_body {
	uint32_t package, function;
	uint64_t address;
};

struct control_trampoline {
	uint32_t function, body; /* CONTROL_NONE: the original */
	uint64_t generation, address, previous;
};

struct control_state {
	uint32_t package, image;
	uint64_t address, size, align;
	uint8_t hash[HP_HASH_SIZE];
	const char *object, *owner, *name;
};

struct control_generation {
	uint64_t number, before;
	uint32_t *packages; /* the active ones, in order of activation */
	uint32_t package_count;
};

/* The log, read. All arrays belong to `arena`. */
struct control {
	struct arena *arena;
	struct process *process;
	uint64_t address, size, word;
	uint64_t end;      /* offset behind the last good record */
	uint64_t sequence; /* of the next record */
	bool torn;         /* bytes of an unfinished record follow */
	VEC(struct control_image) images;
	VEC(struct control_region) regions;
	VEC(struct control_package) packages;
	VEC(struct control_code) codes;
	VEC(struct control_function) functions;
	VEC(struct control_body) bodies;
	VEC(struct control_trampoline) trampolines;
	VEC(struct control_state) states;
	VEC(struct control_generation) generations;
};

/* Finds and reads the block of PROCESS (maps read, memory open). NULL with *message NULL: there is none. */
struct control *control_find(struct process *process, const char **message);
/* Reads a block from bytes: what control_find() does behind finding, and what the fuzzer feeds. NULL: no block. */
struct control *control_parse(struct process *process, uint64_t address, const uint8_t *bytes, size_t size,
			      const char **message);
/* Address of a mapping of ours that holds only zeros: its maker died. 0: none. */
uint64_t control_find_blank(const struct process *process);
/* Writes the header into fresh zeros at ADDRESS. 0 or -errno. */
int control_create(const struct process *process, uint64_t address);
void control_free(struct control *control);

/* Each writes one record and adds it to the arrays (copying what it points to). 0 or -errno; -ENOSPC: block full. */
int control_add_image(struct control *control, const struct control_image *image);
int control_add_region(struct control *control, const struct control_region *region);
/* To be called once the region is mapped: marks it as ours. 0 or -errno. */
int control_mark_region(const struct control *control, struct control_region *region);
int control_add_package(struct control *control, const struct control_package *package);
int control_add_code(struct control *control, const struct control_code *code);
int control_add_function(struct control *control, const struct control_function *function);
int control_add_body(struct control *control, const struct control_body *body);
int control_add_trampoline(struct control *control, const struct control_trampoline *trampoline);
int control_add_state(struct control *control, const struct control_state *state);
int control_add_generation(struct control *control, const struct control_generation *generation);

/* Is there room for a switch of FUNCTIONS functions, and for switching them back after it? */
bool control_has_room(const struct control *control, size_t functions);
/* The generation record the word stands for; NULL when it is 0 (or the log is damaged). */
const struct control_generation *control_active(const struct control *control);
const struct control_generation *control_generation_numbered(const struct control *control, uint64_t number);
/* Largest generation that any record names. */
uint64_t control_last_generation(const struct control *control);
/* Body of FUNCTION among PACKAGES, CONTROL_NONE: the original. The last of several. */
uint32_t control_body_among(const struct control *control, uint32_t function, const uint32_t *packages,
			    uint32_t count);
/* Bytes from the body to the next one, or the end of its code. */
uint64_t control_body_size(const struct control *control, const struct control_body *body);
bool control_was_active(const struct control *control, uint32_t package);

#endif
