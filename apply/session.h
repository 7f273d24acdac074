/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One process being changed (or looked at): what all steps share. */
#ifndef APPLY_SESSION_H
#define APPLY_SESSION_H

#include "apply/apply.h"
#include "apply/control.h"
#include "apply/process.h"

struct session {
	struct process *process;
	struct control *control; /* NULL: the process has none (yet) */
	const struct apply_options *options;
	struct apply_result *result;
	uint64_t deadline; /* monotonic ns, of --timeout */
	uint64_t mapped;   /* bytes mapped in the process since session_begin() */
};

/* Both set the outcome of the result and return -1. */
int session_refuse(struct session *session, const char *code, const char *format, ...) PRINTF_LIKE(3, 4);
int session_busy(struct session *session, const char *format, ...) PRINTF_LIKE(2, 3);
/* From a negative errno of reading, writing, mapping or stopping. */
int session_fail(struct session *session, int error, const char *doing);

/* Takes the lock on this process (another applier is waited for until the deadline), opens memory, reads maps and
 * control block. 0 or -1. */
int session_begin(struct session *session);
void session_end(struct session *session);

/* Finds out which recorded images were unmapped and mapped again at the same place (dlclose, dlopen): nothing that was
 * written into them is there any more, and their data began anew. */
void session_note_reloads(struct session *session);
/* Index of the control block's record for IMAGE, CONTROL_NONE: none. */
uint32_t session_image(const struct session *session, const struct image *image);
/* The image a record speaks of, as it is mapped now; NULL: unmapped, mapped again, or another one is there. */
const struct image *session_live_image(const struct session *session, uint32_t index);
/* Record of the function at run-time address ENTRY, CONTROL_NONE: none. */
uint32_t session_function(const struct session *session, uint64_t entry);

#endif
