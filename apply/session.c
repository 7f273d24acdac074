// SPDX-License-Identifier: GPL-3.0-or-later
// Beginning and ending the work on one process, and what is said when it cannot go on.
#include "apply/session.h"

#include <errno.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>

#include "apply/task.h"

static void say(struct session *session, enum outcome outcome, const char *state, const char *code,
		const char *format, va_list arguments)
{
	struct apply_result *result = session->result;
	va_list copy;
	char *text;
	int length;

	va_copy(copy, arguments);
	length = vsnprintf(NULL, 0, format, copy);
	va_end(copy);
	text = arena_alloc(result->arena, (size_t)(length > 0 ? length : 0) + 1);
	vsnprintf(text, (size_t)length + 1, format, arguments);
	result->outcome = outcome;
	result->state = state;
	result->code = code;
	result->message = text;
}

int session_refuse(struct session *session, const char *code, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(session, OUTCOME_REFUSED, "refused", code, format, arguments);
	va_end(arguments);
	return -1;
}

int session_busy(struct session *session, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(session, OUTCOME_BUSY, "busy", NULL, format, arguments);
	va_end(arguments);
	return -1;
}

static int session_gone(struct session *session, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(session, OUTCOME_GONE, "gone", NULL, format, arguments);
	va_end(arguments);
	return -1;
}

int session_fail(struct session *session, int error, const char *doing)
{
	switch (error) {
	case -ESRCH:
		return session_gone(session, "it ended while %s", doing);
	case -EACCES:
	case -EPERM:
		if (session->process->tracer)
			return session_refuse(session, "target-traced", "process %d is tracing it",
					      session->process->tracer);
		if (session->process->memory >= 0 && error == -EPERM) // its memory could be opened
			return session_refuse(session, "target-traced",
					      "another tracer holds a thread of it; nothing changed");
		return session_refuse(session, "target-permission",
				      "not permitted: %s needs the target's user or CAP_SYS_PTRACE", doing);
	case -ENOSPC:
		return session_refuse(session, "no-space-near", "its control block is full; restart it");
	case -ENOEXEC:
		return session_refuse(session, "arch-mismatch", "it runs 32-bit code");
	case -ETIMEDOUT:
	case -EAGAIN:
		return session_busy(
			session,
			"a thread does not stop (vfork, or an uninterruptible wait in the kernel) while "
			"%s; nothing changed",
			doing);
	}
	if (!process_same(session->process))
		return session_gone(session, "it ended while %s", doing);
	return session_refuse(session, "target-permission", "%s: %s", doing, strerror(-error));
}

// One applier at a time for a process: a lock on its directory below /proc, which the kernel drops with the applier.
static int take_lock(struct session *session)
{
	static const struct timespec step = {.tv_nsec = 10000000};

	while (flock(session->process->directory, LOCK_EX | LOCK_NB)) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return session_fail(session, -errno, "taking the lock on it");
		if (monotonic_ns() >= session->deadline)
			return session_busy(session, "another hp-apply works on it; nothing changed");
		nanosleep(&step, NULL);
	}
	return 0;
}

int session_begin(struct session *session)
{
	struct process *process = session->process;
	const char *message = NULL;
	int error;

	// What the one before us mapped must be seen, and that it traces no longer: everything is read under the lock.
	if (take_lock(session))
		return -1;
	process_read_tracer(process);
	if (process->tracer)
		return session_refuse(session, "target-traced", "process %d is tracing it", process->tracer);
	error = process_open_memory(process);
	if (!error)
		error = process_read_maps(process);
	if (error)
		return session_fail(session, error, "opening its memory");
	session->control = control_find(process, &message);
	if (message)
		return session_refuse(session, "target-modified", "%s; it is left alone", message);
	session_note_reloads(session);
	return 0;
}

void session_end(struct session *session)
{
	control_free(session->control);
	session->control = NULL;
	flock(session->process->directory, LOCK_UN);
}

static bool same_image(const struct control_image *record, const struct image *image)
{
	return record->base == image->base && record->bias == image->bias &&
	       record->build_id_size == image->build_id_size &&
	       !memcmp(record->build_id, image->build_id, image->build_id_size);
}

// Was a jump to some trampoline of FUNCTION ever meant to stand at its entry? Its page was written to then.
static bool was_switched(const struct control *control, uint32_t function)
{
	for (size_t i = 0; i < control->trampolines.count; i++) {
		const struct control_trampoline *trampoline = &control->trampolines.at[i];

		if (trampoline->function == function && trampoline->generation <= control->word &&
		    control_generation_numbered(control, trampoline->generation))
			return true;
	}
	return false;
}

// The last record of an image that was loaded several times at one place is the one that can be true.
static bool is_last(const struct control *control, uint32_t index)
{
	const struct control_image *record = &control->images.at[index];

	for (size_t i = index + 1; i < control->images.count; i++) {
		const struct control_image *other = &control->images.at[i];

		if (other->base == record->base && other->bias == record->bias &&
		    other->build_id_size == record->build_id_size &&
		    !memcmp(other->build_id, record->build_id, record->build_id_size))
			return false;
	}
	return true;
}

// The page of an entry that was written to belongs to the process alone, whatever was written back since. The same page
// straight from the file means that the image was unmapped meanwhile.
void session_note_reloads(struct session *session)
{
	struct control *control = session->control;
	bool *known = control ? arena_array(control->arena, control->images.count + 1, sizeof(*known)) : NULL;

	for (uint32_t i = 0; control && i < control->functions.count; i++) {
		const struct control_function *function = &control->functions.at[i];
		struct control_image *image = &control->images.at[function->image];

		if (known[function->image] || !session_live_image(session, function->image) ||
		    !was_switched(control, i))
			continue;
		known[function->image] = true;
		image->reloaded = process_page(session->process, function->jump) == PAGE_OF_FILE;
	}
}

uint32_t session_image(const struct session *session, const struct image *image)
{
	const struct control *control = session->control;

	for (uint32_t i = control ? (uint32_t)control->images.count : 0; i-- > 0;) {
		if (same_image(&control->images.at[i], image))
			return control->images.at[i].reloaded ? CONTROL_NONE : i;
	}
	return CONTROL_NONE;
}

const struct image *session_live_image(const struct session *session, uint32_t index)
{
	const struct control_image *record = &session->control->images.at[index];

	if (record->reloaded || !is_last(session->control, index))
		return NULL;
	for (size_t i = 0; i < session->process->image_count; i++) {
		if (same_image(record, &session->process->images[i]))
			return &session->process->images[i];
	}
	return NULL;
}

uint32_t session_function(const struct session *session, uint64_t entry)
{
	const struct control *control = session->control;

	for (size_t i = 0; control && i < control->functions.count; i++) {
		if (control->functions.at[i].entry == entry &&
		    session_live_image(session, control->functions.at[i].image))
			return (uint32_t)i;
	}
	return CONTROL_NONE;
}
