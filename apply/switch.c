// SPDX-License-Identifier: GPL-3.0-or-later
// The switch. Until the one store of the generation word every function is what it was, whatever has been written
// already; from that store on every function is the new one. Nothing before or after needs the applier alive.
#include "apply/switch.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "apply/busy.h"
#include "apply/memory.h"
#include "apply/remote.h"
#include "apply/stop.h"
#include "apply/trampoline.h"

enum { PAGE = 4096 };

// A function whose body changes with this generation.
struct change {
	uint32_t function;              // index in control->functions
	uint32_t body_then, body_now;   // CONTROL_NONE: the original
	uint8_t bytes[ENTRY_JUMP_SIZE]; // at its entry before
	uint64_t trampoline;
};

struct switching {
	struct session *session;
	struct control *control;
	uint64_t generation;
	struct change *changes;
	size_t count;
	struct busy *busy;
	uint64_t *stubs; // of remote calls, left by dead appliers or by a thread that still is in one
	size_t stub_count;
	bool stubs_unused;
	const uint32_t *packages;
	uint32_t package_count;
	const char *why;
	bool maps_changed;
};

// What the entry of FUNCTION leads to: 0 its original bytes, the address of one of our trampolines, or an error.
static int read_entry(const struct session *session, uint32_t index, uint8_t bytes[ENTRY_JUMP_SIZE],
		      uint64_t *trampoline)
{
	const struct control *control = session->control;
	const struct control_function *function = &control->functions.at[index];
	uint64_t target;

	*trampoline = 0;
	if (process_read(session->process, function->jump, bytes, ENTRY_JUMP_SIZE))
		return -EFAULT;
	if (!memcmp(bytes, function->original, ENTRY_JUMP_SIZE))
		return 0;
	target = jump_decode(function->jump, bytes);
	for (size_t i = control->trampolines.count; target && i-- > 0;) {
		if (control->trampolines.at[i].address == target &&
		    control->trampolines.at[i].function == index) {
			*trampoline = target;
			return 0;
		}
	}
	return -EINVAL;
}

uint64_t switch_expected(const struct control *control, uint32_t function, const uint32_t *packages,
			 uint32_t count)
{
	uint32_t body = control_body_among(control, function, packages, count);

	return body == CONTROL_NONE ? control->functions.at[function].prologue
				    : control->bodies.at[body].address;
}

static const struct control_trampoline *trampoline_at(const struct control *control, uint64_t address)
{
	for (size_t i = 0; i < control->trampolines.count; i++) {
		if (control->trampolines.at[i].address == address)
			return &control->trampolines.at[i];
	}
	return NULL;
}

uint64_t switch_resolve(const struct session *session, uint32_t index, const char **problem)
{
	const struct control *control = session->control;
	uint8_t entry[ENTRY_JUMP_SIZE], bytes[TRAMPOLINE_SIZE];
	uint64_t at;

	*problem = NULL;
	if (read_entry(session, index, entry, &at)) {
		*problem = "its entry holds neither the original bytes nor a jump of ours";
		return 0;
	}
	if (!at)
		return control->functions.at[index].prologue;
	for (size_t steps = 0; steps <= control->trampolines.count; steps++) {
		struct trampoline trampoline;

		if (!trampoline_at(control, at))
			return at;
		if (process_read(session->process, at, bytes, sizeof(bytes)) ||
		    !trampoline_decode(bytes, at, &trampoline) ||
		    trampoline.word != control->address + CONTROL_WORD) {
			*problem = "a trampoline was changed";
			return 0;
		}
		at = control->word >= trampoline.generation ? trampoline.body : trampoline.previous;
	}
	*problem = "its trampolines lead in a circle";
	return 0;
}

// Trampolines of generations above the word: prepared by an applier that died (or gave up), maybe already reached by
// entry jumps. Told never to be taken they only pass on, whoever stands in them.
int switch_clear_dead(struct session *session)
{
	struct control *control = session->control;
	const uint32_t never = GENERATION_NEVER;
	size_t cleared = 0;

	for (size_t i = 0; control && i < control->trampolines.count; i++) {
		const struct control_trampoline *record = &control->trampolines.at[i];
		uint32_t generation = 0;
		int error;

		if (record->generation <= control->word ||
		    process_read(session->process, record->address + TRAMPOLINE_GENERATION, &generation, 4) ||
		    generation != record->generation)
			continue;
		error = process_write(session->process, record->address + TRAMPOLINE_GENERATION, &never,
				      sizeof(never));
		if (error)
			return session_fail(session, error, "clearing what a dead applier left");
		cleared++;
	}
	if (cleared || (control && control->torn))
		session->result->cleared = cleared ? arena_printf(session->result->arena,
								  "cleared a switch of %zu functions that an "
								  "earlier run prepared and "
								  "never made",
								  cleared)
						   : "dropped a record that an earlier run left half written";
	return 0;
}

// The body a function runs now. One in an image that was loaded after the switch runs its original, whatever is active.
static uint32_t body_now_run(const struct session *session, uint32_t function, const uint32_t *packages,
			     uint32_t count)
{
	uint8_t bytes[ENTRY_JUMP_SIZE];
	uint64_t trampoline;

	if (!read_entry(session, function, bytes, &trampoline) && !trampoline)
		return CONTROL_NONE;
	return control_body_among(session->control, function, packages, count);
}

static int find_changes(struct switching *switching, const uint32_t *before, uint32_t before_count)
{
	struct session *session = switching->session;
	struct control *control = switching->control;
	VEC(struct change) list = {0};

	for (uint32_t i = 0; i < control->functions.count; i++) {
		struct change change = {.function = i};

		if (!session_live_image(session, control->functions.at[i].image))
			continue;
		change.body_then = body_now_run(session, i, before, before_count);
		change.body_now =
			control_body_among(control, i, switching->packages, switching->package_count);
		if (change.body_then != change.body_now)
			*vec_push(&list) = change;
	}
	switching->changes = list.at;
	switching->count = list.count;
	return 0;
}

static int add_trampoline(struct switching *switching, struct change *change)
{
	struct session *session = switching->session;
	struct control *control = switching->control;
	const struct control_function *function = &control->functions.at[change->function];
	struct control_trampoline record = {
		.function = change->function,
		.body = change->body_now,
		.generation = switching->generation,
	};
	struct trampoline code = {
		.word = control->address + CONTROL_WORD,
		.generation = (uint32_t)switching->generation,
		.body = switch_expected(control, change->function, switching->packages,
					switching->package_count),
	};
	uint8_t bytes[TRAMPOLINE_SIZE];
	int error;

	if (read_entry(session, change->function, change->bytes, &record.previous))
		return session_refuse(session, "target-modified",
				      "%s: its entry holds neither its original bytes nor a jump of ours; "
				      "nothing changed",
				      function->name);
	if (!record.previous)
		record.previous = function->prologue;
	code.previous = record.previous;
	if (memory_reserve(session, function->image, PROT_READ | PROT_EXEC, TRAMPOLINE_SIZE, TRAMPOLINE_SIZE,
			   &record.address))
		return -1;
	if (!trampoline_encode(&code, record.address, bytes))
		return session_refuse(session, "no-space-near", "%s: its trampoline is out of reach",
				      function->name);
	change->trampoline = record.address;
	error = control_add_trampoline(control, &record);
	if (!error)
		error = process_write(session->process, record.address, bytes, sizeof(bytes));
	return error ? session_fail(session, error, "writing trampolines") : 0;
}

static int add_generation(struct switching *switching)
{
	struct control_generation generation = {
		.number = switching->generation,
		.before = switching->control->word,
		.packages = (uint32_t *)switching->packages,
		.package_count = switching->package_count,
	};
	int error = control_add_generation(switching->control, &generation);

	return error ? session_fail(switching->session, error, "writing the control block") : 0;
}

// Writing a byte over itself gives the process its own copy of the page now instead of during the stop.
static void touch(const struct process *process, uint64_t address)
{
	uint8_t byte;

	if (!process_read(process, address, &byte, 1))
		process_write(process, address, &byte, 1);
}

static void push_range(struct busy_range **list, size_t *count, size_t *room, uint64_t start, uint64_t end,
		       const char *name)
{
	if (*count == *room)
		*list = vec_grow(*list, room, sizeof(**list));
	(*list)[(*count)++] = (struct busy_range){{start, end}, name};
}

// The old body, and its relocated prologue.
static void push_original(struct busy_range **list, size_t *count, size_t *room,
			  const struct control_function *function)
{
	for (uint32_t i = 0; i < function->part_count; i++)
		push_range(list, count, room, function->parts[i].start, function->parts[i].end,
			   function->name);
	push_range(list, count, room, function->prologue, function->prologue + function->prologue_size,
		   function->name);
}

static bool loses_role(const struct switching *switching, const struct control_code *code)
{
	const struct control *control = switching->control;

	for (size_t i = 0; i < switching->count; i++) {
		const struct change *change = &switching->changes[i];

		if (change->body_then != CONTROL_NONE &&
		    control->bodies.at[change->body_then].package == code->package &&
		    control->functions.at[change->function].image == code->image)
			return true;
	}
	return false;
}

// An earlier package's whole payload at an image: its helpers may run without the function that called them, by
// tail calls. The bodies once more, for their names.
static void push_payload(struct busy_range **list, size_t *count, size_t *room, const struct control *control,
			 const struct control_code *code)
{
	push_range(list, count, room, code->address, code->address + code->size,
		   control->packages.at[code->package].id);
	for (size_t i = 0; i < control->bodies.count; i++) {
		const struct control_body *body = &control->bodies.at[i];

		if (body->package == code->package && body->address >= code->address &&
		    body->address - code->address < code->size)
			push_range(list, count, room, body->address,
				   body->address + control_body_size(control, body),
				   control->functions.at[body->function].name);
	}
}

// Code that loses its role, and the trampolines that still lead there: a thread that has compared already would go
// the old way after the switch. (So a thread that stands in bytes a jump will replace, or in a trampoline, is let go
// on until it is out, never moved.)
static struct busy *make_busy(struct switching *switching)
{
	struct control *control = switching->control;
	struct busy_range *list = NULL;
	size_t count = 0, room = 0;

	for (size_t i = 0; i < switching->count; i++) {
		const struct change *change = &switching->changes[i];
		const struct control_function *function = &control->functions.at[change->function];

		for (size_t j = 0; j < control->trampolines.count; j++) {
			const struct control_trampoline *trampoline = &control->trampolines.at[j];

			if (trampoline->function == change->function &&
			    trampoline->address != change->trampoline)
				push_range(&list, &count, &room, trampoline->address,
					   trampoline->address + TRAMPOLINE_SIZE, function->name);
		}
		if (change->body_then == CONTROL_NONE)
			push_original(&list, &count, &room, function);
	}
	for (size_t i = 0; i < control->codes.count; i++) {
		if (loses_role(switching, &control->codes.at[i]))
			push_payload(&list, &count, &room, control, &control->codes.at[i]);
	}
	return busy_new(switching->session, list, count);
}

static int prepare_switch(struct switching *switching)
{
	for (size_t i = 0; i < switching->count; i++) {
		if (add_trampoline(switching, &switching->changes[i]))
			return -1;
	}
	if (add_generation(switching))
		return -1;
	for (size_t i = 0; i < switching->count; i++)
		touch(switching->session->process,
		      switching->control->functions.at[switching->changes[i].function].jump);
	touch(switching->session->process, switching->control->address + CONTROL_WORD + 8);
	switching->stubs = memory_used_stubs(switching->session, &switching->stub_count);
	switching->busy = make_busy(switching);
	return 0;
}

// ---- while everything stands still ----------------------------------------------------------------------------------

static bool unchanged(const struct switching *switching)
{
	const struct process *process = switching->session->process;
	uint64_t word;

	if (process_read(process, switching->control->address + CONTROL_WORD, &word, 8) ||
	    word != switching->control->word)
		return false;
	for (size_t i = 0; i < switching->count; i++) {
		const struct change *change = &switching->changes[i];
		uint8_t bytes[ENTRY_JUMP_SIZE];

		if (process_read(process, switching->control->functions.at[change->function].jump, bytes,
				 sizeof(bytes)) ||
		    memcmp(bytes, change->bytes, sizeof(bytes)))
			return false;
	}
	return true;
}

static int write_jumps(const struct switching *switching)
{
	for (size_t i = 0; i < switching->count; i++) {
		const struct change *change = &switching->changes[i];
		uint64_t jump = switching->control->functions.at[change->function].jump;
		uint8_t bytes[ENTRY_JUMP_SIZE];
		int error;

		if (!jump_encode(jump, change->trampoline, bytes))
			return -ERANGE;
		error = process_write(switching->session->process, jump, bytes, sizeof(bytes));
		if (error)
			return error;
	}
	return 0;
}

// Functions that are themselves again get their first bytes back, those of a dead applier's switch too. (Threads in a
// relocated prologue go on behind it; trampolines stay for whoever returns into one.)
static void restore_entries(const struct switching *switching)
{
	struct session *session = switching->session;
	struct control *control = switching->control;

	for (uint32_t i = 0; i < control->functions.count; i++) {
		const struct control_function *function = &control->functions.at[i];
		uint8_t bytes[ENTRY_JUMP_SIZE];
		uint64_t trampoline;

		if (control_body_among(control, i, switching->packages, switching->package_count) ==
			    CONTROL_NONE &&
		    session_live_image(session, function->image) &&
		    !read_entry(session, i, bytes, &trampoline) && trampoline)
			process_write(session->process, function->jump, function->original, ENTRY_JUMP_SIZE);
	}
}

static int compare_addresses(const void *a, const void *b)
{
	const struct address_range *left = a, *right = b;

	return left->start < right->start ? -1 : left->start > right->start;
}

// Nothing leads into a stub but a register or a signal frame: when no thread has it there it is free for good.
static bool stubs_unused(const struct switching *switching, const struct stop *stop)
{
	struct address_range *ranges;
	bool unused;

	if (!switching->stub_count)
		return false;
	ranges = xalloc(switching->stub_count * sizeof(*ranges));
	for (size_t i = 0; i < switching->stub_count; i++)
		ranges[i] = (struct address_range){switching->stubs[i], switching->stubs[i] + STUB_SIZE};
	qsort(ranges, switching->stub_count, sizeof(*ranges), compare_addresses);
	unused = !busy_may_use(switching->busy, stop, ranges, switching->stub_count);
	free(ranges);
	return unused;
}

static bool over_pause(const struct switching *switching, const struct stop *stop)
{
	uint64_t limit = switching->session->options->max_pause;

	return limit && monotonic_ns() - stop->first_interrupt > limit * 1000;
}

// 0 switched, -EAGAIN try again later (switching->why says why), other: failed; in all these cases nothing changed.
static int switch_stopped(struct switching *switching, struct stop *stop)
{
	struct session *session = switching->session;
	bool last = monotonic_ns() >= session->deadline;
	int error;

	if (!unchanged(switching))
		return -ESTALE;
	switch (busy_check(switching->busy, session, stop,
			   last || !switching->why ? &switching->why : NULL)) {
	case BUSY_MAPS_CHANGED:
		switching->maps_changed = true;
		switching->why = "it keeps mapping and unmapping code";
		return -EAGAIN;
	case BUSY_USED:
		return -EAGAIN;
	default:
		break;
	}
	if (over_pause(switching, stop)) {
		switching->why = "standing still took longer than --max-pause allows";
		return -EAGAIN;
	}
	error = write_jumps(switching);
	if (!error)
		error = process_write(session->process, switching->control->address + CONTROL_WORD,
				      &switching->generation, sizeof(switching->generation));
	if (error)
		return error;
	switching->control->word = switching->generation;
	restore_entries(switching);
	switching->stubs_unused = stubs_unused(switching, stop);
	return 0;
}

// How long one stop may take: threads that are not there by then are in a vfork or in uninterruptible sleep.
static uint64_t patience(const struct switching *switching, uint64_t wanted)
{
	uint64_t limit = switching->session->options->max_pause * 1000;

	return limit && limit < wanted ? limit : wanted;
}

static int attempt(void *argument)
{
	struct switching *switching = argument;
	struct session *session = switching->session;
	size_t threads = 0;
	struct stop stop;
	uint64_t now;
	int error;

	free(process_threads(session->process, &threads));
	now = monotonic_ns();
	error = stop_all(&stop, session->process, now + patience(switching, 50000000 + threads * 1000000),
			 now + patience(switching, 250000000 + threads * 5000000));
	if (error == -ETIMEDOUT) {
		switching->why = arena_printf(session->result->arena,
					      "thread %d does not stop (vfork, or waiting "
					      "in the kernel without being interruptible)",
					      stop.offender);
		error = -EAGAIN;
	} else if (!error) {
		session->result->threads = (unsigned)stop.count;
		error = switch_stopped(switching, &stop);
	}
	stop_release(&stop);
	if (!error)
		session->result->pause_us = (stop.last_detach - stop.first_interrupt + 500) / 1000;
	return error;
}

static void wait_a_little(unsigned retries)
{
	long ms = retries < 5 ? 2 : retries < 20 ? 10 : 50;

	nanosleep(&(struct timespec){.tv_nsec = ms * 1000000}, NULL);
}

static int switch_retrying(struct switching *switching)
{
	struct session *session = switching->session;

	for (;; session->result->retries++) {
		bool last = monotonic_ns() >= session->deadline;
		int error = with_tracer(attempt, switching);

		if (!error)
			return 0;
		if (error == -ESTALE)
			return session_refuse(
				session, "target-modified",
				"its code changed while it was being prepared; nothing changed");
		if (error != -EAGAIN)
			return session_fail(session, error, "stopping its threads");
		if (last)
			return session_busy(session, "%s; nothing changed", switching->why);
		if (switching->maps_changed) {
			if (process_read_maps(session->process))
				return session_fail(session, -ESRCH, "reading its maps");
			busy_free(switching->busy);
			switching->busy = make_busy(switching);
			switching->maps_changed = false;
		}
		wait_a_little(session->result->retries);
	}
}

static int read_back(struct switching *switching)
{
	struct session *session = switching->session;
	const char *problem;

	for (size_t i = 0; i < switching->count; i++) {
		uint32_t function = switching->changes[i].function;
		uint64_t now = switch_resolve(session, function, &problem);

		if (now && now == switch_expected(switching->control, function, switching->packages,
						  switching->package_count))
			session->result->verified++;
	}
	if (session->result->verified == switching->count)
		return 0;
	return session_refuse(session, "target-modified", "%zu of %zu functions do not read back as written",
			      switching->count - session->result->verified, switching->count);
}

int switch_to(struct session *session, const uint32_t *packages, uint32_t count)
{
	struct switching switching = {
		.session = session,
		.control = session->control,
		.generation = control_last_generation(session->control) + 1,
		.packages = packages,
		.package_count = count,
	};
	const struct control_generation *active = control_active(session->control);
	uint32_t before_count = active ? active->package_count : 0;
	uint32_t *before = xalloc((before_count + 1) * sizeof(*before));
	int error = -1;

	if (before_count)
		memcpy(before, active->packages, before_count * sizeof(*before));
	if (switching.generation >= GENERATION_NEVER)
		error = session_refuse(session, "target-modified", "its generations are used up");
	else if (!find_changes(&switching, before, before_count) && !prepare_switch(&switching))
		error = switch_retrying(&switching);
	if (!error) {
		session->result->functions = switching.count;
		if (switching.stubs_unused)
			memory_clear_stubs(session, switching.stubs, switching.stub_count);
		error = read_back(&switching);
	} else {
		switch_clear_dead(session);
		session->result->cleared = NULL;
	}
	busy_free(switching.busy);
	free(switching.stubs);
	free(switching.changes);
	free(before);
	return error;
}
