// SPDX-License-Identifier: GPL-3.0-or-later
// Mappings cannot be taken back from a process once code could have run in them, so what would be refused is refused
// before the first one is made. What is found free here may be taken a moment later: then the report says what stays.
#include "apply/precheck.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "apply/busy.h"
#include "apply/memory.h"
#include "apply/space.h"
#include "apply/stop.h"
#include "apply/task.h"

enum { PAGE = 4096, STACK_LOOK = 1 << 16 };

// ---- room -----------------------------------------------------------------------------------------------------------

struct planned_region {
	uint64_t near_start, near_end; // the image's
	uint32_t protection;
	uint64_t address, size, used;
};

// The process as it would be.
struct plan {
	struct session *session;
	struct process view; // with mappings of its own
	VEC(struct planned_region) regions;
	uint64_t added; // bytes
	size_t mappings;
};

static void plan_begin(struct plan *plan, struct session *session)
{
	const struct control *control = session->control;

	*plan = (struct plan){.session = session, .view = *session->process};
	for (size_t i = 0; control && i < control->regions.count; i++) {
		const struct control_region *region = &control->regions.at[i];
		const struct control_image *image = &control->images.at[region->image];

		if (region->mapped)
			*vec_push(&plan->regions) =
				(struct planned_region){image->start,    image->end,   region->protection,
							region->address, region->size, region->used};
	}
}

static void plan_map(struct plan *plan, uint64_t address, uint64_t size)
{
	size_t count = plan->view.mapping_count, at = 0;
	struct mapping *list = arena_array(plan->session->result->arena, count + 2, sizeof(struct mapping));

	while (at < count && plan->view.mappings[at].start < address)
		at++;
	if (at)
		memcpy(list, plan->view.mappings, at * sizeof(*list));
	list[at] = (struct mapping){.start = address, .end = address + size, .path = ""};
	if (count > at)
		memcpy(list + at + 1, plan->view.mappings + at, (count - at) * sizeof(*list));
	plan->view.mappings = list;
	plan->view.mapping_count = count + 1;
	plan->added += size;
	plan->mappings++;
}

static bool take_from(struct planned_region *region, const struct image *image, uint32_t protection,
		      uint64_t size, uint64_t align, uint64_t *address)
{
	uint64_t at = (region->used + align - 1) & ~(align - 1);

	if (region->near_start != image->start || region->near_end != image->end ||
	    region->protection != protection || at > region->size || size > region->size - at)
		return false;
	*address = region->address + at;
	region->used = at + size;
	return true;
}

// As memory_reserve() will.
static int plan_reserve(struct plan *plan, const struct image *image, uint32_t protection, uint64_t size,
			uint64_t align, uint64_t *address)
{
	struct planned_region region = {
		image->start,       image->end, protection, 0, memory_region_size(size, align),
		CONTROL_REGION_MARK};

	for (size_t i = 0; i < plan->regions.count; i++) {
		if (take_from(&plan->regions.at[i], image, protection, size, align, address))
			return 0;
	}
	region.address = space_near(&plan->view, image, region.size, 0);
	if (!region.address)
		return session_refuse(plan->session, "no-space-near",
				      "no free %" PRIu64 " KiB within 2 GiB of its image; nothing changed",
				      region.size >> 10);
	plan_map(plan, region.address, region.size);
	*vec_push(&plan->regions) = region;
	take_from(&plan->regions.at[plan->regions.count - 1], image, protection, size, align, address);
	return 0;
}

static int plan_control(struct plan *plan)
{
	uint64_t address;

	if (plan->session->control || control_find_blank(plan->session->process))
		return 0;
	address = space_low(&plan->view, CONTROL_SIZE);
	if (!address)
		return session_refuse(plan->session, "no-space-near",
				      "no free %d KiB below 2 GiB; nothing changed", CONTROL_SIZE >> 10);
	plan_map(plan, address, CONTROL_SIZE);
	return 0;
}

static int plan_placement(struct plan *plan, struct patch *patch, const struct placement *placement)
{
	struct session *session = plan->session;
	const struct hp_layout *layout;
	struct control_code code = {.package = CONTROL_NONE, .image = CONTROL_NONE};
	struct hp_error error = {0};
	uint64_t trampoline;

	if (hp_layout(patch->package, placement->target, &layout, &error))
		return session_refuse(session, "symbol-missing", "%s: %s; nothing changed",
				      placement->record->name, error.message);
	code.size = layout->size[HP_REGION_CODE];
	code.data_size = layout->size[HP_REGION_DATA];
	if (layout->align[0] > PAGE || layout->align[1] > PAGE)
		return session_refuse(session, "no-space-near",
				      "payload sections want more than page alignment; nothing changed");
	if (plan_reserve(plan, &placement->image, PROT_READ | PROT_EXEC, code.size,
			 layout->align[0] > 64 ? layout->align[0] : 64, &code.address) ||
	    (code.data_size && plan_reserve(plan, &placement->image, PROT_READ | PROT_WRITE, code.data_size,
					    layout->align[1] > 64 ? layout->align[1] : 64, &code.data)))
		return -1;
	for (size_t i = 0; i < placement->record->function_count; i++) {
		if (plan_reserve(plan, &placement->image, PROT_READ | PROT_EXEC, TRAMPOLINE_SIZE,
				 TRAMPOLINE_SIZE, &trampoline))
			return -1;
	}
	return prepare_try_link(session, patch->package, placement, &code);
}

static uint64_t read_number(const struct process *process, const char *name, const char *key)
{
	char text[8192], *at;
	int file = openat(process->directory, name, O_RDONLY | O_CLOEXEC);
	ssize_t got = file >= 0 ? read(file, text, sizeof(text) - 1) : -1;

	if (file >= 0)
		close(file);
	if (got < 0)
		return UINT64_MAX;
	text[got] = '\0';
	at = strstr(text, key);
	if (!at)
		return UINT64_MAX;
	at += strlen(key);
	at += strspn(at, " \t");
	return *at >= '0' && *at <= '9' ? strtoull(at, NULL, 10) : UINT64_MAX; // "unlimited"
}

// setrlimit(2), RLIMIT_AS: mmap fails with ENOMEM beyond it.
static int plan_limits(const struct plan *plan)
{
	const struct process *process = plan->session->process;
	uint64_t limit = read_number(process, "limits", "Max address space");
	uint64_t used = read_number(process, "status", "VmSize:");

	if (limit == UINT64_MAX || used == UINT64_MAX || used * 1024 + plan->added <= limit)
		return 0;
	return session_refuse(plan->session, "no-space-near",
			      "its address space limit (RLIMIT_AS) leaves less than %" PRIu64
			      " KiB; nothing changed",
			      plan->added >> 10);
}

int precheck_space(struct session *session, struct patch *patch, const struct placement *placements,
		   size_t count)
{
	struct plan plan;
	int error;

	plan_begin(&plan, session);
	error = plan_control(&plan);
	for (size_t i = 0; !error && i < count; i++)
		error = plan_placement(&plan, patch, &placements[i]);
	if (!error)
		error = plan_limits(&plan);
	free(plan.regions.at);
	return error;
}

// ---- stacks ---------------------------------------------------------------------------------------------------------

struct look {
	struct session *session;
	struct busy *busy;
	const char *why;
};

static bool in_ranges(const struct busy *busy, uint64_t value)
{
	size_t low = 0, high = busy->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (value > busy->ranges[middle].end)
			low = middle + 1;
		else
			high = middle;
	}
	return low < busy->count && value >= busy->ranges[low].start;
}

// proc(5), /proc/pid/syscall: "running", or the number, arguments, stack pointer and program counter of a blocked thread.
static bool looks_free(const struct process *process, const struct busy *busy, pid_t tid, uint64_t *words)
{
	char name[48], text[512];
	const struct mapping *stack;
	uint64_t sp = 0, pc = 0, size;
	ssize_t got;
	int file;

	snprintf(name, sizeof(name), "task/%d/syscall", tid);
	file = openat(process->directory, name, O_RDONLY | O_CLOEXEC);
	got = file >= 0 ? read(file, text, sizeof(text) - 1) : -1;
	if (file >= 0)
		close(file);
	if (got <= 0)
		return false;
	text[got] = '\0';
	if (sscanf(text, "%*d %*x %*x %*x %*x %*x %*x %" SCNx64 " %" SCNx64, &sp, &pc) != 2)
		return false;
	stack = process_mapping_at(process, sp);
	if (!stack || in_ranges(busy, pc))
		return false;
	size = stack->end - sp < STACK_LOOK ? stack->end - sp : STACK_LOOK;
	if (process_read(process, sp & ~UINT64_C(7), words, size & ~UINT64_C(7)))
		return false;
	for (size_t i = 0; i < size / 8; i++) {
		if (in_ranges(busy, words[i]))
			return false;
	}
	return stack->end - sp <= STACK_LOOK;
}

// Without stopping anybody: blocked threads with nothing on their stacks are the common case.
static bool all_look_free(const struct session *session, const struct busy *busy)
{
	size_t count;
	pid_t *threads = process_threads(session->process, &count);
	uint64_t *words = xalloc(STACK_LOOK + 8);
	bool free_all = threads != NULL;

	for (size_t i = 0; free_all && i < count; i++)
		free_all = looks_free(session->process, busy, threads[i], words);
	free(words);
	free(threads);
	return free_all;
}

static int look_once(void *argument)
{
	struct look *look = argument;
	uint64_t now = monotonic_ns(), limit = look->session->options->max_pause * 1000;
	uint64_t wanted = limit && limit < 50000000 ? limit : 50000000;
	struct stop stop;
	int error = stop_all(&stop, look->session->process, now + wanted, now + 5 * wanted);

	if (error == -ETIMEDOUT)
		look->why = arena_printf(look->session->result->arena,
					 "thread %d does not stop (vfork, or waiting in the kernel without "
					 "being interruptible)",
					 stop.offender);
	if (!error) {
		enum busy_answer answer = busy_check(look->busy, look->session, &stop, &look->why);

		if (answer == BUSY_MAPS_CHANGED)
			look->why = "it keeps mapping and unmapping code";
		if (answer != BUSY_FREE)
			error = -EAGAIN;
	}
	stop_release(&stop);
	return error == -ETIMEDOUT ? -EAGAIN : error;
}

// A function that runs an earlier package's body already: its original loses nothing.
static bool runs_original(const struct session *session, uint64_t entry)
{
	uint32_t function = session_function(session, entry);
	const struct control_generation *active =
		function == CONTROL_NONE ? NULL : control_active(session->control);

	return !active || control_body_among(session->control, function, active->packages,
					     active->package_count) == CONTROL_NONE;
}

static struct busy *busy_at(struct session *session, const struct placement *placements, size_t count)
{
	VEC(struct busy_range) list = {0};

	for (size_t i = 0; i < count; i++) {
		const struct hp_target *target = placements[i].record;
		uint64_t bias = placements[i].image.bias;

		for (size_t j = 0; j < target->function_count; j++) {
			const struct hp_function *function = &target->functions[j];

			if (!runs_original(session, bias + function->vaddr))
				continue;
			*vec_push(&list) = (struct busy_range){
				{bias + function->vaddr, bias + function->vaddr + function->old_size},
				function->name};
		}
		for (size_t j = 0; j < target->part_count; j++) {
			const struct hp_part *part = &target->parts[j];

			if (part->symbol == HP_NONE && part->function < target->function_count &&
			    runs_original(session, bias + target->functions[part->function].vaddr))
				*vec_push(&list) = (struct busy_range){
					{bias + part->vaddr, bias + part->vaddr + part->size},
					target->functions[part->function].name};
		}
	}
	return busy_new(session, list.at, list.count);
}

int precheck_busy(struct session *session, const struct placement *placements, size_t count)
{
	struct look look = {.session = session, .busy = busy_at(session, placements, count)};
	int error = 0;

	while (!all_look_free(session, look.busy)) {
		bool last = monotonic_ns() >= session->deadline;

		error = with_tracer(look_once, &look);
		if (error != -EAGAIN || last)
			break;
		session->result->retries++;
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
		if (process_read_maps(session->process)) {
			error = -ESRCH;
			break;
		}
		busy_free(look.busy);
		look.busy = busy_at(session, placements, count);
		error = 0;
	}
	busy_free(look.busy);
	if (error == -EAGAIN)
		return session_busy(session, "%s; nothing changed", look.why);
	return error ? session_fail(session, error, "stopping its threads") : 0;
}
