// SPDX-License-Identifier: GPL-3.0-or-later
// The pipeline over two trees: pair files by path, skip equal bytes, load, correlate, compare, explain, check.
#include "diff/disassemble.h"
#include "diff/model.h"
#include "diff/notes.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct run {
	struct diff *diff;
	const struct diff_options *options;
	struct diags *diags;
	struct progress *progress;
	pthread_mutex_t lock; // of diff->arena
};

// ---- pairing -------------------------------------------------------------------------------------

// Two single files are a pair whatever they are called, and so are members of one name in two single archives.
static const char *pairing_path(const struct diff *diff, const struct input *input)
{
	const char *colon;

	if (diff->old_tree.form == TREE_OBJECT && diff->new_tree.form == TREE_OBJECT)
		return "";
	if (diff->old_tree.form != TREE_ARCHIVE || diff->new_tree.form != TREE_ARCHIVE)
		return input->path;
	colon = strchr(input->path, ':');
	return colon ? colon + 1 : input->path;
}

static void pair_inputs(struct diff *diff)
{
	const struct tree *old = &diff->old_tree, *new_tree = &diff->new_tree;
	size_t i = 0, k = 0;

	diff->pairs =
		arena_array(diff->arena, old->objects.count + new_tree->objects.count, sizeof(struct pair));
	while (i < old->objects.count || k < new_tree->objects.count) {
		struct pair *pair = &diff->pairs[diff->pair_count++];
		int order = i == old->objects.count ? 1
			    : k == new_tree->objects.count
				    ? -1
				    : strcmp(pairing_path(diff, &old->objects.at[i]),
					     pairing_path(diff, &new_tree->objects.at[k]));

		if (order <= 0)
			pair->old_input = &old->objects.at[i++];
		if (order >= 0)
			pair->new_input = &new_tree->objects.at[k++];
		pair->path = pair->new_input ? pair->new_input->path : pair->old_input->path;
		pair->status = order < 0 ? PAIR_REMOVED : order > 0 ? PAIR_NEW : PAIR_SAME;
	}
}

// ---- one pair ------------------------------------------------------------------------------------

static bool same_bytes(const struct input *old, const struct input *new_input)
{
	struct file left, right;
	bool same;

	if (old->size != new_input->size)
		return false;
	if (!old->start && !new_input->start)
		return file_equal(old->file, new_input->file) == 1;
	if (file_map(old->file, &left))
		return false;
	if (file_map(new_input->file, &right)) {
		file_unmap(&left);
		return false;
	}
	same = old->start <= left.size && old->size <= left.size - old->start &&
	       new_input->start <= right.size && old->size <= right.size - new_input->start &&
	       !memcmp(left.data + old->start, right.data + new_input->start, old->size);
	file_unmap(&left);
	file_unmap(&right);
	return same;
}

static size_t count_suppressed(const struct object *object)
{
	size_t count = 0;

	for (size_t i = 0; i < object->unit_count; i++)
		for (size_t k = 0; object->units[i].line_only && k < object->units[i].change_count; k++)
			count += object->units[i].changes[k].kind == CHANGE_IMMEDIATE;
	return count;
}

// Kept apart from the objects, which are let go when nothing else differs.
static void list_suppressed(struct run *run, struct pair *pair)
{
	size_t count = count_suppressed(pair->new);

	if (!count)
		return;
	pthread_mutex_lock(&run->lock);
	pair->suppressed = arena_array(run->diff->arena, count, sizeof(struct suppressed));
	pthread_mutex_unlock(&run->lock);
	for (size_t i = 0; i < pair->new->unit_count; i++) {
		const struct unit *unit = &pair->new->units[i];

		for (size_t k = 0; unit->line_only && k < unit->change_count; k++)
			if (unit->changes[k].kind == CHANGE_IMMEDIATE)
				pair->suppressed[pair->suppressed_count++] =
					(struct suppressed){.function = unit->name,
							    .what = "__LINE__",
							    .old = unit->changes[k].old_line,
							    .new = unit->changes[k].line};
	}
}

static bool has_difference(const struct object *old, const struct object *new_object)
{
	for (size_t i = 0; i < old->unit_count; i++)
		if (old->units[i].status != UNIT_SAME)
			return true;
	for (size_t i = 0; i < new_object->unit_count; i++)
		if (new_object->units[i].status != UNIT_SAME)
			return true;
	return false;
}

static void release(struct pair *pair)
{
	object_free(pair->old);
	object_free(pair->new);
	pair->old = pair->new = NULL;
}

static bool load_pair(const struct run *run, struct pair *pair)
{
	struct diag place = {.severity = DIAG_ERROR, .code = "arch-mismatch", .object = pair->path};

	pair->old = tree_load(&run->diff->old_tree, pair->old_input, run->diff->names, run->diags);
	pair->new = tree_load(&run->diff->new_tree, pair->new_input, run->diff->names, run->diags);
	if (!pair->old || !pair->new)
		return false;
	if (pair->old->arch == pair->new->arch)
		return true;
	diags_add(run->diags, &place, "old is for %s, new for %s; build both for one machine",
		  pair->old->arch->name, pair->new->arch->name);
	return false;
}

// What other objects may still refer to by name.
static void list_removed(struct run *run, struct pair *pair)
{
	VEC(const char *) names = {0};

	for (size_t i = 0; i < pair->old->unit_count; i++) {
		const struct unit *unit = &pair->old->units[i];

		for (size_t k = 0; unit->status == UNIT_REMOVED && k < unit->symbol_count; k++)
			if (unit->symbols[k]->binding != BINDING_LOCAL &&
			    unit->symbols[k]->visibility != VISIBILITY_INTERNAL)
				*vec_push(&names) = unit->symbols[k]->name;
	}
	if (!names.count)
		return;
	pthread_mutex_lock(&run->lock);
	pair->removed = arena_array(run->diff->arena, names.count, sizeof(*names.at));
	pthread_mutex_unlock(&run->lock);
	memcpy(pair->removed, names.at, names.count * sizeof(*names.at));
	pair->removed_count = names.count;
	free(names.at);
}

// Changed constants concern other objects, too (check_constants()): pairs with one stay.
static bool is_kept(struct run *run, const struct pair *pair)
{
	uint64_t size = pair->old->size + pair->new->size;

	if (!run->options->keep_bytes || has_changed_constant(pair->new))
		return true;
	if (run->diff->kept_bytes + size > run->options->keep_bytes)
		return false;
	run->diff->kept_bytes += size;
	return true;
}

static void compare_pair(struct run *run, struct pair *pair)
{
	size_t refusals;
	bool kept;

	if (same_bytes(pair->old_input, pair->new_input))
		return;
	if (!load_pair(run, pair)) {
		pair->status = PAIR_FAILED;
		release(pair);
		return;
	}
	correlate(pair->old, pair->new);
	compare(pair->old, pair->new);
	list_suppressed(run, pair);
	check_notes(pair, run->diags);
	refusals = check_sections(pair, run->diags);
	if (!refusals && !has_difference(pair->old, pair->new)) {
		release(pair);
		return;
	}
	pair->status = PAIR_CHANGED;
	pair->arch = pair->new->arch;
	list_removed(run, pair);
	kept = is_kept(run, pair);
	if (kept && run->options->explain)
		explain(pair->old, pair->new);
	check_pair(pair, run->diags);
	if (!kept) {
		release(pair);
		pair->let_go = true;
	}
}

static void work_on_pair(size_t i, void *arg)
{
	struct run *run = arg;
	struct pair *pair = &run->diff->pairs[i];

	if (pair->status == PAIR_SAME)
		compare_pair(run, pair);
	progress_step(run->progress);
}

// ---- two trees -----------------------------------------------------------------------------------

static void count_results(struct diff *diff)
{
	for (size_t i = 0; i < diff->pair_count; i++) {
		const struct pair *pair = &diff->pairs[i];

		diff->compared += pair->status == PAIR_SAME || pair->status == PAIR_CHANGED;
		diff->differing += pair->status == PAIR_CHANGED;
		diff->added += pair->status == PAIR_NEW;
		diff->removed += pair->status == PAIR_REMOVED;
	}
}

// Nothing compared must not read as nothing changed: it is a wrong path, or a tree that was not built.
static bool holds_objects(const struct tree *tree, struct diags *diags)
{
	struct diag place = {.severity = DIAG_ERROR, .code = "no-objects", .object = tree->root};

	if (tree->objects.count)
		return true;
	diags_add(diags, &place, "holds no objects; give the directory in which the build left them");
	return false;
}

// Said once: reasons and --patch show this machine's instructions as numbers only.
static void warn_of_numbers(const struct diff *diff, struct diags *diags)
{
	for (size_t i = 0; i < diff->pair_count; i++) {
		const struct pair *pair = &diff->pairs[i];

		if (pair->status != PAIR_CHANGED || can_disassemble(pair->arch))
			continue;
		diags_add(diags, &(struct diag){.severity = DIAG_WARNING, .code = "no-disassembler"},
			  "this libopcodes does not know %s: its instructions are shown as numbers; what "
			  "differs is found "
			  "all the same. Build with Debian's binutils-multiarch-dev",
			  pair->arch->name);
		return;
	}
}

struct diff *diff_trees(const char *old_path, const char *new_path, const struct diff_options *options,
			struct diags *diags)
{
	struct diff *diff = xalloc(sizeof(*diff));
	struct run run = {.diff = diff, .options = options, .diags = diags};
	int error;

	*diff = (struct diff){.arena = arena_new(), .names = interner_new(), .explained = options->explain};
	error = tree_scan(old_path, &diff->old_tree, diags);
	error |= tree_scan(new_path, &diff->new_tree, diags);
	if (error) {
		diff_free(diff);
		return NULL;
	}
	if (!holds_objects(&diff->old_tree, diags) | !holds_objects(&diff->new_tree, diags)) {
		diff_free(diff);
		return NULL;
	}
	pair_inputs(diff);
	pthread_mutex_init(&run.lock, NULL);
	run.progress = progress_new("comparing objects", diff->pair_count, options->quiet);
	parallel_for(diff->pair_count, options->jobs, work_on_pair, &run);
	progress_free(run.progress);
	pthread_mutex_destroy(&run.lock);
	check_constants(diff, options, diags);
	check_trees(diff, diags);
	if (options->explain)
		warn_of_numbers(diff, diags);
	count_results(diff);
	diags_sort(diags);
	return diff;
}

bool diff_is_current(const struct diff *diff, struct diags *diags)
{
	return tree_is_unchanged(&diff->old_tree, diags) & tree_is_unchanged(&diff->new_tree, diags);
}

void diff_free(struct diff *diff)
{
	if (!diff)
		return;
	for (size_t i = 0; i < diff->pair_count; i++)
		release(&diff->pairs[i]);
	tree_free(&diff->old_tree);
	tree_free(&diff->new_tree);
	interner_free(diff->names);
	arena_free(diff->arena);
	free(diff);
}
