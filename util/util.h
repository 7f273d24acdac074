/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Small shared pieces: arena, arrays, hash maps, diagnostics, files, a parallel loop, progress.
 * Takes nothing from and knows nothing of the folders above it. No function here exits the process;
 * only running out of memory aborts (see xalloc()).
 */
#ifndef UTIL_UTIL_H
#define UTIL_UTIL_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#define ARRAY_SIZE(a)        (sizeof(a) / sizeof((a)[0]))
#define PRINTF_LIKE(fmt, va) __attribute__((format(printf, fmt, va)))

/* ---- text --------------------------------------------------------------------------------------- */

bool starts_with(const char *text, const char *start);
/* Bytes of the printable UTF-8 character that TEXT begins with; 0: it is a control character, or no UTF-8, or cut off. */
size_t text_character(const void *text, size_t size);
/* Nothing but such characters. */
bool text_is_printable(const char *text);
/* Something that a terminal takes for a command; bytes that are no UTF-8 are none. */
bool text_has_controls(const char *text);
/* Each becomes a question mark. */
void text_hide_controls(char *text);

/* ---- memory ------------------------------------------------------------------------------------- */

/* As malloc/realloc, but never NULL: a size that cannot be had ends the process with a message and abort(). */
void *xalloc(size_t size);
void *xrealloc(void *old, size_t size);
char *xstrdup(const char *text);
char *xasprintf(const char *format, ...) PRINTF_LIKE(1, 2);

/* Memory that is freed all at once. Not for use by two threads at the same time. */
struct arena;
struct arena *arena_new(void);
void arena_free(struct arena *arena);
/* Zeroed, aligned to 16. Never NULL. */
void *arena_alloc(struct arena *arena, size_t size);
void *arena_array(struct arena *arena, size_t count, size_t size);
char *arena_strdup(struct arena *arena, const char *text);
char *arena_strndup(struct arena *arena, const char *text, size_t length);
char *arena_printf(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);

/* Growing array: VEC(struct unit *) list = {0}; *vec_push(&list) = unit; ... free(list.at). */
#define VEC(type)                                                                                            \
	struct {                                                                                             \
		type *at;                                                                                    \
		size_t count, room;                                                                          \
	}
#define vec_push(vec)                                                                                        \
	((vec)->count == (vec)->room                                                                         \
		 ? (void)((vec)->at = vec_grow((vec)->at, &(vec)->room, sizeof(*(vec)->at)))                 \
		 : (void)0,                                                                                  \
	 &(vec)->at[(vec)->count++])
void *vec_grow(void *at, size_t *room, size_t size);

/* Hash maps, open addressing; iteration order is not offered, so that none can reach an output. */
struct strmap; /* keys: strings, not copied, must outlive the map */
struct strmap *strmap_new(void);
void strmap_free(struct strmap *map);
/* The place of the value for KEY (value NULL when it was not there). The place is valid until the next put. */
void **strmap_put(struct strmap *map, const char *key);
void *strmap_get(const struct strmap *map, const char *key);
size_t strmap_count(const struct strmap *map);

struct intmap; /* keys: any uint64_t */
struct intmap *intmap_new(void);
void intmap_free(struct intmap *map);
void **intmap_put(struct intmap *map, uint64_t key);
void *intmap_get(const struct intmap *map, uint64_t key);

uint64_t hash_bytes(const void *data, size_t size, uint64_t seed);

/* ---- diagnostics -------------------------------------------------------------------------------- */

enum severity {
	DIAG_WARNING, /* said, changes nothing */
	DIAG_REFUSAL, /* a difference that cannot be hotpatched; CODE is one of DESIGN.md's refusal codes */
	DIAG_ERROR,   /* input that cannot be read or used */
};

/* One finding. Every text may be NULL but code and message; all belong to the list. */
struct diag {
	enum severity severity;
	const char *code;             /* "image-mismatch", "malformed-object", ... */
	const char *object;           /* path of the object or image, relative to its tree */
	const char *section, *symbol; /* place within */
	const char *file;             /* source place, when debug information knows it */
	unsigned line;
	const char *message; /* "what is wrong; what to do" without place and code */
	bool allowed;        /* overridden by --allow */
};

/* A list of findings. Safe to append to from several threads; diags_sort() puts them into one order. */
struct diags;
struct diags *diags_new(void);
void diags_free(struct diags *diags);
/* Copies every text of PLACE; place->message is ignored, the formatted text is taken. */
void diags_add(struct diags *diags, const struct diag *place, const char *format, ...) PRINTF_LIKE(3, 4);
size_t diags_count(const struct diags *diags);
const struct diag *diags_at(const struct diags *diags, size_t i);
struct diag *diags_edit(struct diags *diags, size_t i);
bool diags_has(const struct diags *diags, enum severity severity); /* not counting the allowed ones */
/* By object, section, symbol, line, code, message; exact duplicates removed. */
void diags_sort(struct diags *diags);
/* One line as DESIGN.md section 9 has it: "file.c:12: error: ... [code]" or "PROG: object: section: symbol: ... [code]". */
void diag_print(FILE *to, const char *program, const struct diag *diag);

/* ---- files -------------------------------------------------------------------------------------- */

struct file {
	const uint8_t *data; /* read-only; an empty file has size 0 and a non-NULL pointer */
	size_t size;
	bool mapped;
};

/* Maps a regular file for reading. 0, or -errno (EISDIR for a directory, EINVAL for other non-files). */
int file_map(const char *path, struct file *file);
void file_unmap(struct file *file);
/* 1 the two files hold the same bytes (or are one inode), 0 they differ, -errno. Stops at the first difference. */
int file_equal(const char *a, const char *b);
/* Writes PATH by way of a temporary beside it and rename; on failure PATH is as before and no temporary stays.
 * A device or pipe is written to. 0 or -errno. */
int file_write(const char *path, const void *data, size_t size);
char *path_join(const char *dir, const char *name); /* malloc'ed */

/* ---- running over many things ------------------------------------------------------------------- */

/* Calls work(i, arg) for i in 0..count-1 on up to JOBS threads (0: one per core); returns when all are done. */
void parallel_for(size_t count, unsigned jobs, void (*work)(size_t i, void *arg), void *arg);

/*
 * Progress on a terminal's stderr: nothing during the first second, then at most ten lines a second,
 * each over the one before. Does nothing when stderr is no terminal or QUIET. Thread-safe.
 */
struct progress;
struct progress *progress_new(const char *what, size_t total, bool quiet);
void progress_step(struct progress *progress);
void progress_free(struct progress *progress); /* clears the line; NULL is allowed */

/* Terminal width, or FALLBACK when FD is none. */
unsigned terminal_width(int fd, unsigned fallback);

#endif
