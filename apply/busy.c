// SPDX-License-Identifier: GPL-3.0-or-later
// The stack check, and the message that says which thread stands where.
#include "apply/busy.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static int compare_ranges(const void *a, const void *b)
{
	const struct busy_range *left = a, *right = b;

	if (left->range.start != right->range.start)
		return left->range.start < right->range.start ? -1 : 1;
	return left->range.end < right->range.end ? -1 : left->range.end > right->range.end;
}

static void merge_ranges(struct busy *busy)
{
	busy->ranges = xalloc((busy->named_count + 1) * sizeof(*busy->ranges));
	for (size_t i = 0; i < busy->named_count; i++) {
		const struct address_range *next = &busy->named[i].range;

		if (busy->count && next->start <= busy->ranges[busy->count - 1].end) {
			if (next->end > busy->ranges[busy->count - 1].end)
				busy->ranges[busy->count - 1].end = next->end;
		} else if (next->start < next->end) {
			busy->ranges[busy->count++] = *next;
		}
	}
}

// The payloads' unwind information, and what stands for a function's entry.
static struct unwinder *make_unwinder(struct session *session)
{
	static const struct control none;
	const struct control *control = session->control ? session->control : &none;
	struct unwind_table *tables = xalloc((control->codes.count + 1) * sizeof(*tables));
	struct unwind_alias *aliases =
		xalloc((control->trampolines.count + control->functions.count + 1) * sizeof(*aliases));
	struct unwind_extra extra = {.tables = tables, .aliases = aliases};
	struct unwinder *unwinder;

	for (size_t i = 0; i < control->codes.count; i++) {
		const struct control_code *code = &control->codes.at[i];

		if (code->eh_frame_size)
			tables[extra.table_count++] =
				(struct unwind_table){{code->address, code->address + code->size},
						      code->eh_frame,
						      code->eh_frame_size};
	}
	for (size_t i = 0; i < control->trampolines.count; i++) {
		uint64_t at = control->trampolines.at[i].address;

		aliases[extra.alias_count++] =
			(struct unwind_alias){{at, at + TRAMPOLINE_SIZE}, UNWIND_TRAMPOLINE};
	}
	for (size_t i = 0; i < control->functions.count; i++) {
		const struct control_function *function = &control->functions.at[i];

		aliases[extra.alias_count++] = (struct unwind_alias){
			{function->prologue, function->prologue + function->prologue_size}, UNWIND_COPY};
	}
	unwinder = unwinder_new(session->process, &extra);
	free(tables);
	free(aliases);
	return unwinder;
}

struct busy *busy_new(struct session *session, struct busy_range *ranges, size_t count)
{
	struct busy *busy = xalloc(sizeof(*busy));

	*busy = (struct busy){.named = ranges, .named_count = count};
	if (count)
		qsort(ranges, count, sizeof(*ranges), compare_ranges);
	merge_ranges(busy);
	busy->unwinder = make_unwinder(session);
	busy->walk = xalloc(sizeof(*busy->walk));
	memset(busy->walk, 0, sizeof(*busy->walk)); // its pages are there before the stop
	return busy;
}

void busy_free(struct busy *busy)
{
	if (!busy)
		return;
	unwinder_free(busy->unwinder);
	free(busy->named);
	free(busy->ranges);
	free(busy->walk);
	free(busy);
}

// The path is the process's own choice: printable characters only.
static const char *base_name(struct session *session, const char *path)
{
	const char *slash = strrchr(path, '/');
	char *name = arena_strdup(session->result->arena, slash ? slash + 1 : path);

	for (char *at = name; *at; at++) {
		if ((unsigned char)*at < 0x20 || (unsigned char)*at > 0x7e)
			*at = '?';
	}
	return name;
}

// By the smallest range around it: a payload's range holds those of its bodies.
static const char *name_pc(const struct busy *busy, struct session *session, uint64_t pc)
{
	const struct busy_range *best = NULL;
	const struct image *image;

	for (size_t i = 0; i < busy->named_count; i++) {
		const struct busy_range *named = &busy->named[i];

		if (pc >= named->range.start && pc <= named->range.end &&
		    (!best || named->range.end - named->range.start < best->range.end - best->range.start))
			best = named;
	}
	if (best)
		return best->name;
	image = process_image_at(session->process, pc);
	if (image)
		return arena_printf(session->result->arena, "%s+0x%" PRIx64, base_name(session, image->path),
				    pc - image->bias);
	return arena_printf(session->result->arena, "0x%" PRIx64, pc);
}

static const char *task_name(struct session *session, pid_t tid)
{
	char path[64], name[64] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/comm", session->process->pid, tid);
	file = fopen(path, "re");
	if (file) {
		if (fgets(name, sizeof(name), file))
			name[strcspn(name, "\n")] = '\0';
		fclose(file);
	}
	for (char *at = name; *at; at++) {
		if ((unsigned char)*at < 0x20 || (unsigned char)*at > 0x7e)
			*at = '?';
	}
	return arena_strdup(session->result->arena, name);
}

static const char *describe(const struct busy *busy, struct session *session, const struct task *task,
			    const struct unwind_hit *hit)
{
	struct arena *arena = session->result->arena;
	const struct unwind_walk *walk = busy->walk;
	const char *frames = "";
	uint64_t culprit = hit->unreadable ? task->registers.rip : hit->value;

	for (size_t i = 0; i < walk->frame_count && i < 16; i++)
		frames = arena_printf(arena, "%s%s%s", frames, i ? " < " : "",
				      name_pc(busy, session, walk->frames[i].pc));
	return arena_printf(arena, "thread %d (%s) %s %s; backtrace: %s%s%s%s", task->tid,
			    task_name(session, task->tid),
			    walk->complete ? "is in" : "has on its stack what may be a return into",
			    name_pc(busy, session, culprit), frames, walk->complete ? "" : " (not complete: ",
			    walk->complete ? ""
			    : walk->why    ? walk->why
					   : "no walk",
			    walk->complete ? "" : ")");
}

enum busy_answer busy_check(struct busy *busy, struct session *session, const struct stop *stop,
			    const char **why)
{
	if (!unwinder_stopped(busy->unwinder))
		return BUSY_MAPS_CHANGED;
	for (size_t i = 0; i < stop->count; i++) {
		const struct task *task = &stop->tasks[i];
		struct unwind_hit hit = {0};

		if (task->gone || !unwind_uses(busy->unwinder, &task->registers, busy->ranges, busy->count,
					       &hit, busy->walk))
			continue;
		if (why)
			*why = describe(busy, session, task, &hit);
		return BUSY_USED;
	}
	return BUSY_FREE;
}

bool busy_may_use(struct busy *busy, const struct stop *stop, const struct address_range *ranges,
		  size_t count)
{
	for (size_t i = 0; i < stop->count; i++) {
		if (!stop->tasks[i].gone &&
		    unwind_scan(busy->unwinder, &stop->tasks[i].registers, ranges, count, NULL))
			return true;
	}
	return false;
}
