// SPDX-License-Identifier: GPL-3.0-or-later
// From differences and images to target records: open images -> place changed objects in them -> for each image
// closure, layout, resolution, functions -> records. Refusals are collected all along; one is enough for none.
#include <stdlib.h>
#include <string.h>

#include "create/builder.h"
#include "create/kernel-target.h"

// ---- images ----------------------------------------------------------------------------------------------------

static bool same_build(const struct image *a, const struct image *b)
{
	return a->build_id_size == b->build_id_size && !memcmp(a->build_id, b->build_id, a->build_id_size);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

// The name people call it by: programs that are copied under other names get longer ones.
static bool better_name(const char *path, const char *than)
{
	size_t length = strlen(base_name(path)), other = strlen(base_name(than));

	return length != other ? length < other : strcmp(base_name(path), base_name(than)) < 0;
}

// One build under several names is one target.
static void add_image(struct builder *builder, struct image *image, const char *path)
{
	struct candidate *candidate;

	for (size_t i = 0; i < builder->candidates.count; i++) {
		struct image *other;

		candidate = &builder->candidates.at[i];
		if (!same_build(candidate->image, image))
			continue;
		candidate->paths = arena_printf(builder->arena, "%s, %s", candidate->paths, path);
		other = better_name(path, candidate->path) ? candidate->image : image;
		if (other != image) {
			candidate->image = image;
			candidate->path = arena_strdup(builder->arena, path);
		}
		image_close(other);
		return;
	}
	candidate = vec_push(&builder->candidates);
	*candidate = (struct candidate){.image = image, .path = arena_strdup(builder->arena, path)};
	candidate->paths = candidate->path;
}

static const struct input *input_named(const struct tree *tree, const char *path)
{
	for (size_t i = 0; i < tree->images.count; i++)
		if (!strcmp(tree->images.at[i].path, path))
			return &tree->images.at[i];
	return NULL;
}

static bool open_named_images(struct builder *builder)
{
	for (size_t i = 0; i < builder->options->image_count; i++) {
		const char *path = builder->options->images[i];
		const struct input *input = input_named(&builder->diff->old_tree, path);
		bool kernel = builder->options->target == HP_TARGET_LINUX;
		struct image *image = kernel ? kernel_image_open(path, path, builder->diags)
					     : image_open(input ? input->file : path, path, builder->diags);

		if (!image)
			return false;
		add_image(builder, image, path);
	}
	return true;
}

// An image of the tree that cannot be opened (another machine's, without build ID) is a matter of its own: it
// is no reason to refuse the others, but an object that is in no other image will be missed.
static void open_tree_images(struct builder *builder)
{
	const struct tree *tree = &builder->diff->old_tree;

	for (size_t i = 0; i < tree->images.count; i++) {
		struct diags *findings = diags_new();
		struct image *image = image_open(tree->images.at[i].file, tree->images.at[i].path, findings);

		if (image)
			add_image(builder, image, tree->images.at[i].path);
		for (size_t d = 0; !image && d < diags_count(findings); d++) {
			struct diag place = *diags_at(findings, d);

			place.severity = DIAG_WARNING;
			diags_add(builder->diags, &place, "%s", diags_at(findings, d)->message);
			uncover(builder, tree->images.at[i].path, diags_at(findings, d)->message);
		}
		diags_free(findings);
	}
}

void uncover(struct builder *builder, const char *path, const char *reason)
{
	*vec_push(&builder->uncovered) = (struct uncovered_image){
		.path = arena_strdup(builder->arena, path), .reason = arena_strdup(builder->arena, reason)};
}

// ---- objects in images -----------------------------------------------------------------------------------------

static bool changes_code_or_data(const struct pair *pair)
{
	for (size_t i = 0; i < pair->new->unit_count; i++)
		if (pair->new->units[i].status != UNIT_SAME && pair->new->units[i].kind != UNIT_ENTRY)
			return true;
	for (size_t i = 0; i < pair->old->unit_count; i++)
		if (pair->old->units[i].status == UNIT_REMOVED && pair->old->units[i].kind != UNIT_ENTRY)
			return true;
	return false;
}

static bool is_loaded_change(const struct pair *pair)
{
	return pair->status == PAIR_CHANGED && pair->old && pair->new;
}

// Two objects that hold the same code (archive member and file, PIC twin that was not linked) claim one place.
static bool claimed_already(const struct target *target, const struct placement *placement)
{
	for (size_t i = 0; i < placement->object->unit_count; i++) {
		const struct unit *unit = &placement->object->units[i];

		if (unit->kind != UNIT_FUNCTION || place_of(placement, unit)->state != PLACE_MATCHED)
			continue;
		for (size_t p = 0; p < target->pieces.count; p++) {
			const struct placement *other = target->pieces.at[p].placement;

			for (size_t u = 0; u < other->object->unit_count; u++)
				if (other->object->units[u].kind == UNIT_FUNCTION &&
				    place_of(other, &other->object->units[u])->state == PLACE_MATCHED &&
				    place_of(other, &other->object->units[u])->vaddr ==
					    place_of(placement, unit)->vaddr)
					return true;
		}
		return false;
	}
	return false;
}

static struct placement *keep(struct builder *builder, struct placement *placement)
{
	*vec_push(&builder->placements) = placement;
	return placement;
}

// Proven with the object as it was linked, when there is one; then where that is what OLD has.
static struct placement *match_pair(struct builder *builder, const struct candidate *candidate,
				    const struct pair *pair, const struct object *running)
{
	struct placement *placement =
		keep(builder, match_object(candidate->image, running ? running : pair->old));

	if (!running || placement->result != MATCH_FULL)
		return placement;
	return keep(builder, kernel_translate(placement, pair->old, builder->diff->names, builder->diags));
}

static bool place_pair(struct builder *builder, struct candidate *candidate, struct pair *pair,
		       const struct object *running)
{
	struct placement *placement = match_pair(builder, candidate, pair, running);
	struct diag place = {.severity = DIAG_REFUSAL, .code = "symbol-ambiguous", .object = candidate->path};

	if (placement->result == MATCH_PARTIAL &&
	    (placement->source_in_image || builder->options->image_count)) {
		*vec_push(&builder->partial) = (struct partial){candidate, pair, placement};
	} else if (placement->result == MATCH_AMBIGUOUS) {
		diags_add(builder->diags, &place,
			  "%s fits at several places of the image that are not the same code; name the right "
			  "image",
			  pair->path);
		return true;
	} else if (placement->result == MATCH_FULL) {
		if (!claimed_already(candidate->target, placement))
			*vec_push(&candidate->target->pieces) = (struct piece){
				.pair = pair, .old = pair->old, .new = pair->new, .placement = placement};
		return true;
	}
	return false;
}

static const char *file_name(const char *path)
{
	const char *member = strrchr(base_name(path), ':');

	return member ? member + 1 : base_name(path);
}

static const char *unnumbered(struct arena *arena, const char *name)
{
	return arena_strndup(arena, name, strcspn(name, "."));
}

// Names of the functions that other objects can call, aliases included.
static struct strmap *global_functions(struct arena *arena, const struct object *object)
{
	struct strmap *names = strmap_new();

	for (size_t i = 0; i < object->unit_count; i++) {
		const struct unit *unit = &object->units[i];

		for (size_t n = 0; unit->kind == UNIT_FUNCTION && n < unit->symbol_count; n++)
			if (unit->symbols[n]->binding != BINDING_LOCAL)
				*strmap_put(names, unnumbered(arena, unit->symbols[n]->name)) = names;
	}
	return names;
}

// Every global function of OBJECT is among NAMES by one of its names.
static bool all_named(struct arena *arena, const struct object *object, const struct strmap *names)
{
	for (size_t i = 0; i < object->unit_count; i++) {
		const struct unit *unit = &object->units[i];
		bool global = false, named = false;

		for (size_t n = 0; unit->kind == UNIT_FUNCTION && n < unit->symbol_count; n++) {
			global |= unit->symbols[n]->binding != BINDING_LOCAL;
			named |= strmap_get(names, unnumbered(arena, unit->symbols[n]->name)) != NULL;
		}
		if (global && !named)
			return false;
	}
	return true;
}

// The same source makes the same functions, whatever the compiler does within them.
static bool same_functions(struct arena *arena, const struct object *a, const struct object *b)
{
	struct strmap *names = global_functions(arena, a), *others = global_functions(arena, b);
	bool same = strmap_count(names) && all_named(arena, a, others) && all_named(arena, b, names);

	strmap_free(names);
	strmap_free(others);
	return same;
}

// One source built twice (libtool's PIC and plain objects, an archive's copy): the change of the one is that of the
// other, though the compiler may spread it over other functions.
static bool are_twins(struct arena *arena, const struct pair *a, const struct pair *b)
{
	const char *source = a->old->source_file, *other = b->old->source_file;

	return a != b && !strcmp(file_name(a->path), file_name(b->path)) && source && other &&
	       !strcmp(source, other) && same_functions(arena, a->old, b->old) &&
	       same_functions(arena, a->new, b->new);
}

static bool has_twin_in(struct builder *builder, const struct candidate *candidate, const struct pair *pair)
{
	for (size_t p = 0; p < candidate->target->pieces.count; p++)
		if (are_twins(builder->arena, candidate->target->pieces.at[p].pair, pair))
			return true;
	return false;
}

static bool has_twin_in_image(struct builder *builder, const struct pair *pair)
{
	for (size_t i = 0; i < builder->candidates.count; i++)
		if (has_twin_in(builder, &builder->candidates.at[i], pair))
			return true;
	return false;
}

// NEW's image of that path is the same code and constants, whatever the objects say: the image holds an object that
// did not change, such as a library's own build of a source that a program beside it builds in another way.
static bool image_is_the_same(struct builder *builder, const struct candidate *candidate)
{
	const struct input *input = input_named(&builder->diff->new_tree, candidate->path);
	struct diff no_objects = *builder->diff;
	struct diags *ignored = diags_new();
	struct image *image = input ? image_open(input->file, input->path, ignored) : NULL;
	bool same;

	// No difference is excused by an object's.
	no_objects.pair_count = 0;
	same = image && !check_missing(candidate->image, image, &no_objects, ignored);
	image_close(image);
	diags_free(ignored);
	return same;
}

// An object of which an image has a part only is another build of what was linked, unless its twin is what was, or
// nothing of the image changes. Several of one source are one finding.
static void judge_partial(struct builder *builder)
{
	for (size_t i = 0; i < builder->partial.count; i++) {
		const struct partial *partial = &builder->partial.at[i];
		struct diag place = {.severity = DIAG_REFUSAL,
				     .code = "image-mismatch",
				     .object = partial->candidate->path};

		if (!has_twin_in(builder, partial->candidate, partial->pair) &&
		    !image_is_the_same(builder, partial->candidate))
			diags_add(builder->diags, &place, "%s: %s", partial->pair->path,
				  placement_explain(partial->placement, builder->arena));
	}
}

static bool is_partial(const struct builder *builder, const struct pair *pair)
{
	for (size_t i = 0; i < builder->partial.count; i++)
		if (builder->partial.at[i].pair == pair)
			return true;
	return false;
}

// Of programs --image names the one that is wanted; a kernel and its modules are one system.
static bool others_are_meant(const struct builder *builder)
{
	return builder->options->image_count && builder->options->target == HP_TARGET_PROCESS;
}

// Images of the tree that --image does not name, and that hold a changed object: the manifest says so.
static void note_uncovered(struct builder *builder)
{
	struct diff *diff = builder->diff;

	for (size_t i = 0; others_are_meant(builder) && i < diff->old_tree.images.count; i++) {
		const struct input *input = &diff->old_tree.images.at[i];
		struct diags *ignored = diags_new();
		struct image *image = image_open(input->file, input->path, ignored);
		bool found = !image;

		for (size_t c = 0; image && c < builder->candidates.count; c++)
			found |= same_build(builder->candidates.at[c].image, image);
		for (size_t p = 0; !found && p < diff->pair_count; p++) {
			struct placement *placement;

			if (!is_loaded_change(&diff->pairs[p]) || !changes_code_or_data(&diff->pairs[p]))
				continue;
			placement = match_object(image, diff->pairs[p].old);
			found = placement->result != MATCH_ABSENT;
			placement_free(placement);
			if (found)
				uncover(builder, input->path,
					"holds a changed object, but was not named with --image");
		}
		image_close(image);
		diags_free(ignored);
	}
}

// --image names what is wanted: what stands in the way in other images' objects is of no matter then.
static void leave_out(struct builder *builder, const struct pair *pair)
{
	for (size_t i = 0; i < diags_count(builder->diags); i++) {
		struct diag *diag = diags_edit(builder->diags, i);

		if (diag->severity == DIAG_REFUSAL && diag->object && !strcmp(diag->object, pair->path))
			diag->severity = DIAG_WARNING;
	}
}

// The object of that path as it was linked. false: --running was given and has none, or none that can be read.
static bool load_running(struct builder *builder, const struct pair *pair, const struct object **running)
{
	struct diag place = {.severity = DIAG_REFUSAL, .code = "object-missing", .object = pair->path};
	struct object *object;

	*running = NULL;
	if (!builder->options->running)
		return true;
	for (size_t i = 0; i < builder->running.objects.count; i++) {
		const struct input *input = &builder->running.objects.at[i];

		if (strcmp(input->path, pair->path) != 0)
			continue;
		object = tree_load(&builder->running, input, builder->diff->names, builder->diags);
		if (object)
			*vec_push(&builder->running_objects) = object;
		*running = object;
		return object;
	}
	diags_add(builder->diags, &place, "is not in %s; put the object as it was linked there",
		  builder->running.root);
	return false;
}

static void place_objects(struct builder *builder)
{
	struct diff *diff = builder->diff;
	VEC(struct pair *) missed = {0};

	for (size_t i = 0; i < diff->pair_count; i++) {
		struct pair *pair = &diff->pairs[i];
		const struct object *running;
		bool found = false;

		if (!is_loaded_change(pair) || !changes_code_or_data(pair))
			continue;
		builder->changed++;
		if (!load_running(builder, pair, &running))
			continue;
		for (size_t c = 0; c < builder->candidates.count; c++)
			found |= place_pair(builder, &builder->candidates.at[c], pair, running);
		if (!found)
			*vec_push(&missed) = pair;
	}
	judge_partial(builder);
	note_uncovered(builder);
	for (size_t i = 0; i < missed.count; i++) {
		struct diag place = {.severity = others_are_meant(builder) ? DIAG_WARNING : DIAG_REFUSAL,
				     .code = "image-not-found",
				     .object = missed.at[i]->path};

		if (others_are_meant(builder))
			leave_out(builder, missed.at[i]);
		if (!is_partial(builder, missed.at[i]) && !has_twin_in_image(builder, missed.at[i]))
			diags_add(builder->diags, &place,
				  "changed object is in none of the %zu images looked at; add its image to "
				  "the old tree or name "
				  "it with --image",
				  builder->candidates.count);
	}
	free(missed.at);
}

// ---- targets ---------------------------------------------------------------------------------------------------

static struct target *target_new(struct builder *builder, struct candidate *candidate)
{
	struct target *target = arena_alloc(builder->arena, sizeof(*target));

	target->arena = builder->arena;
	target->diff = builder->diff;
	target->diags = builder->diags;
	target->image = candidate->image;
	target->path = candidate->path;
	target->linked_otherwise = builder->options->running;
	target->decoder = builder->decoder;
	target->payload = payload_new(builder->arena);
	target->piece_of = intmap_new();
	target->definitions = strmap_new();
	target->member_of = intmap_new();
	target->bound_names = strmap_new();
	target->own_slots = strmap_new();
	target->veneers = strmap_new();
	return target;
}

static void target_close(struct target *target)
{
	intmap_free(target->piece_of);
	strmap_free(target->definitions);
	intmap_free(target->member_of);
	strmap_free(target->bound_names);
	strmap_free(target->own_slots);
	strmap_free(target->veneers);
	payload_free(target->payload);
	free(target->pieces.at);
	free(target->members.at);
	free(target->bindings.at);
	free(target->functions.at);
	free(target->replaced.at);
	free(target->ran.at);
	free(target->prologues.at);
	free(target->parts.at);
	free(target->part_symbols.at);
	free(target->states.at);
	free(target->hooks.at);
	image_close(target->new_image);
}

// What NEW has under the path that the old image has.
static void open_counterpart(struct builder *builder, struct target *target)
{
	const struct input *input = input_named(&builder->diff->new_tree, target->path);
	struct diags *findings = diags_new();

	if (input)
		target->new_image = image_open(input->file, input->path, findings);
	diags_free(findings);
	if (target->new_image)
		check_missing(target->image, target->new_image, builder->diff, builder->diags);
}

// Objects that only NEW has: what they define is at hand for new references. They have no old side.
static void add_new_objects(struct builder *builder)
{
	struct diff *diff = builder->diff;

	for (size_t i = 0; i < diff->pair_count; i++) {
		struct pair *pair = &diff->pairs[i];
		struct object *object;

		if (pair->status != PAIR_NEW || !pair->new_input)
			continue;
		object = tree_load(&diff->new_tree, pair->new_input, diff->names, builder->diags);
		if (!object)
			continue;
		for (size_t u = 0; u < object->unit_count; u++)
			object->units[u].status = UNIT_NEW;
		*vec_push(&builder->new_objects) = object;
		for (size_t c = 0; c < builder->candidates.count; c++)
			*vec_push(&builder->candidates.at[c].target->pieces) =
				(struct piece){.pair = pair, .new = object};
	}
}

static void index_pieces(struct target *target)
{
	for (size_t i = 0; i < target->pieces.count; i++) {
		struct piece *piece = &target->pieces.at[i];

		if (piece->old)
			*intmap_put(target->piece_of, (uintptr_t)piece->old) = piece;
		*intmap_put(target->piece_of, (uintptr_t)piece->new) = piece;
	}
}

static bool has_changed_piece(const struct target *target)
{
	for (size_t i = 0; i < target->pieces.count; i++)
		if (target->pieces.at[i].old)
			return true;
	return false;
}

static void make_target(struct builder *builder, struct target *target)
{
	bool changed = has_changed_piece(target);

	if (!changed && !target->pieces.count)
		return;
	open_counterpart(builder, target);
	index_pieces(target);
	check_moved(target);
	if (!changed)
		return;
	if (target->image->text_relocations) {
		struct diag place = {
			.severity = DIAG_REFUSAL, .code = "image-mismatch", .object = target->path};

		diags_add(builder->diags, &place,
			  "code is written when it is loaded (DT_TEXTREL), so it cannot be compared; link "
			  "without it");
	}
	if (target->image->kernel && kernel_refuse_assembly(target))
		return;
	closure_select(target);
	emit_members(target);
	emit_unwind(target);
	resolve_members(target);
	if (target->image->kernel) {
		kernel_describe_functions(target);
		check_hooks(target);
		kernel_check_members(target);
		check_tables(target);
		return;
	}
	describe_functions(target);
	check_members(target);
	check_tables(target);
	check_ran(target);
}

// ---- records ---------------------------------------------------------------------------------------------------

static void fill_record(struct builder *builder, const struct target *target, struct hp_target *record)
{
	struct hp_binding *bindings = arena_array(builder->arena, target->bindings.count, sizeof(*bindings));
	struct hp_state *states = arena_array(builder->arena, target->states.count, sizeof(*states));
	struct hp_hook *hooks = arena_array(builder->arena, target->hooks.count, sizeof(*hooks));
	uint8_t *payload;

	image_fill_target(target->image, record);
	payload_write(target->payload, target->image->arch->machine, &payload, &record->payload_size);
	record->payload = payload;
	for (size_t i = 0; i < target->functions.count; i++) {
		target->functions.at[i].symbol = target->replaced.at[i]->symbol->index;
		if (target->prologues.at[i])
			target->functions.at[i].prologue = target->prologues.at[i]->index;
	}
	for (size_t i = 0; i < target->parts.count; i++)
		if (target->part_symbols.at[i])
			target->parts.at[i].symbol = target->part_symbols.at[i]->index;
	for (size_t i = 0; i < target->bindings.count; i++) {
		bindings[i] = target->bindings.at[i].binding;
		bindings[i].symbol = target->bindings.at[i].symbol->index;
	}
	for (size_t i = 0; i < target->states.count; i++) {
		states[i] = target->states.at[i].record;
		states[i].symbol = target->states.at[i].member->symbol->index;
	}
	record->hooks = hooks;
	for (uint32_t phase = HP_HOOK_PRE_PATCH; phase <= HP_HOOK_POST_UNPATCH; phase++)
		for (size_t i = 0; i < target->hooks.count; i++)
			if (target->hooks.at[i].phase == phase)
				hooks[record->hook_count++] =
					(struct hp_hook){phase, target->hooks.at[i].member->symbol->index};
	record->functions = arena_copy(builder->arena, target->functions.at,
				       target->functions.count * sizeof(*target->functions.at));
	record->function_count = target->functions.count;
	record->parts =
		arena_copy(builder->arena, target->parts.at, target->parts.count * sizeof(*target->parts.at));
	record->part_count = target->parts.count;
	record->bindings = bindings;
	record->binding_count = target->bindings.count;
	record->states = states;
	record->state_count = target->states.count;
}

void *arena_copy(struct arena *arena, const void *bytes, size_t size)
{
	void *copy = arena_alloc(arena, size ? size : 1);

	if (size)
		memcpy(copy, bytes, size);
	return copy;
}

static int compare_candidates(const void *left, const void *right)
{
	const struct candidate *a = left, *b = right;

	return strcmp(a->image->build_id_text, b->image->build_id_text);
}

static void count_references(const struct target *target, struct build *build, size_t at)
{
	for (size_t i = 0; i < target->pieces.count; i++)
		if (target->pieces.at[i].placement)
			build->matched[at] += target->pieces.at[i].placement->matched;
	for (size_t i = 0; i < target->bindings.count; i++) {
		const struct bound *bound = &target->bindings.at[i];

		if (!strncmp(bound->symbol->name, "hp.old.", 7))
			continue;
		build->existing[at]++;
		build->through_slots[at] += bound->binding.kind == HP_BIND_SLOT;
	}
}

static struct build *make_build(struct builder *builder)
{
	struct build *build = arena_alloc(builder->arena, sizeof(*build));
	size_t count = builder->candidates.count;

	build->arena = builder->arena;
	build->builder = builder;
	build->targets = arena_array(builder->arena, count, sizeof(*build->targets));
	build->target_paths = arena_array(builder->arena, count, sizeof(*build->target_paths));
	build->matched = arena_array(builder->arena, count, sizeof(size_t));
	build->existing = arena_array(builder->arena, count, sizeof(size_t));
	build->through_slots = arena_array(builder->arena, count, sizeof(size_t));
	qsort(builder->candidates.at, count, sizeof(*builder->candidates.at), compare_candidates);
	for (size_t i = 0; i < count; i++) {
		const struct candidate *candidate = &builder->candidates.at[i];
		size_t at = build->target_count;

		if (!candidate->target->functions.count)
			continue;
		fill_record(builder, candidate->target, &build->targets[at]);
		// Whatever directory it lies in, there is one kernel, and one module of a name.
		build->target_paths[at] =
			candidate->image->kernel ? candidate->image->name : candidate->paths;
		count_references(candidate->target, build, at);
		build->target_count++;
	}
	build->uncovered = builder->uncovered.at;
	build->uncovered_count = builder->uncovered.count;
	return build;
}

static void collect_overridden(struct builder *builder, struct build *build)
{
	size_t count = diags_count(builder->diags);

	build->overridden = arena_array(builder->arena, count, sizeof(*build->overridden));
	for (size_t i = 0; i < count; i++)
		if (diags_at(builder->diags, i)->allowed)
			build->overridden[build->overridden_count++] = *diags_at(builder->diags, i);
}

// ---- the pipeline ----------------------------------------------------------------------------------------------

// Modules belong to the kernel that is named beside them.
static void find_vmlinux(struct builder *builder)
{
	for (size_t i = 0; i < builder->candidates.count; i++)
		for (size_t k = 0; k < builder->candidates.count; k++)
			if (builder->candidates.at[k].image->kind == HP_TARGET_LINUX)
				builder->candidates.at[i].target->vmlinux = builder->candidates.at[k].image;
}

// Something could not be read or cannot be patched. An object that was not understood may hold half of the fix.
static bool stands_in_the_way(struct builder *builder)
{
	apply_allowed(builder->diags, builder->options);
	diags_sort(builder->diags);
	return diags_has(builder->diags, DIAG_REFUSAL) || diags_has(builder->diags, DIAG_ERROR);
}

static int build_with(struct builder *builder, struct build **build)
{
	if (!builder->diff->differing && !builder->diff->added && !builder->diff->removed)
		return stands_in_the_way(builder) ? 2 : 1;
	if (builder->options->image_count) {
		if (!open_named_images(builder))
			return 3;
	} else {
		open_tree_images(builder);
	}
	if (builder->options->running &&
	    tree_scan(builder->options->running, &builder->running, builder->diags))
		return 3;
	for (size_t i = 0; i < builder->candidates.count; i++)
		builder->candidates.at[i].target = target_new(builder, &builder->candidates.at[i]);
	find_vmlinux(builder);
	place_objects(builder);
	add_new_objects(builder);
	for (size_t i = 0; i < builder->candidates.count; i++)
		make_target(builder, builder->candidates.at[i].target);
	judge_ran(builder);
	if (stands_in_the_way(builder))
		return 2;
	*build = make_build(builder);
	if (!(*build)->target_count) {
		*build = NULL;
		return 1;
	}
	collect_overridden(builder, *build);
	return 0;
}

static void builder_free(struct builder *builder)
{
	for (size_t i = 0; i < builder->candidates.count; i++) {
		if (builder->candidates.at[i].target)
			target_close(builder->candidates.at[i].target);
		image_close(builder->candidates.at[i].image);
	}
	for (size_t i = 0; i < builder->placements.count; i++)
		placement_free(builder->placements.at[i]);
	for (size_t i = 0; i < builder->new_objects.count; i++)
		object_free(builder->new_objects.at[i]);
	for (size_t i = 0; i < builder->running_objects.count; i++)
		object_free(builder->running_objects.at[i]);
	if (builder->running.arena)
		tree_free(&builder->running);
	free(builder->running_objects.at);
	free(builder->candidates.at);
	free(builder->placements.at);
	free(builder->partial.at);
	free(builder->new_objects.at);
	free(builder->uncovered.at);
	decoder_free(builder->decoder);
	arena_free(builder->arena);
	free(builder);
}

int build_targets(struct diff *diff, const struct build_options *options, struct build **build,
		  struct diags *diags)
{
	struct builder *builder = xalloc(sizeof(*builder));
	int result;

	memset(builder, 0, sizeof(*builder));
	builder->arena = arena_new();
	builder->diff = diff;
	builder->options = options;
	builder->diags = diags;
	builder->decoder = decoder_new();
	*build = NULL;
	result = build_with(builder, build);
	if (result)
		builder_free(builder);
	return result;
}

void build_free(struct build *build)
{
	if (build)
		builder_free(build->builder);
}
