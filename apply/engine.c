// SPDX-License-Identifier: GPL-3.0-or-later
// Applying and reverting, as passes over one process. What is active afterwards is always decided here, as a list of
// packages; switch.c makes it so.
#include "apply/apply.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "apply/memory.h"
#include "apply/precheck.h"
#include "apply/prepare.h"
#include "apply/session.h"
#include "apply/switch.h"
#include "apply/symbols.h"
#include "apply/task.h"

size_t apply_targets(const struct process *process, const struct patch *patch)
{
	size_t count;

	free(prepare_placements(process, patch->package, &count));
	return count;
}

static uint32_t active_count(const struct session *session, const uint32_t **packages)
{
	const struct control_generation *active = session->control ? control_active(session->control) : NULL;

	*packages = active ? active->packages : NULL;
	return active ? active->package_count : 0;
}

static bool id_active(const struct session *session, const char *id)
{
	const uint32_t *packages;
	uint32_t count = active_count(session, &packages);

	for (uint32_t i = 0; i < count; i++) {
		if (!strcmp(session->control->packages.at[packages[i]].id, id))
			return true;
	}
	return false;
}

static bool in_texts(const char *text, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!strcmp(list[i], text))
			return true;
	}
	return false;
}

// A package with the same id takes the place of the earlier build of itself.
static bool superseded(const struct package_facts *facts, const char *id)
{
	return !strcmp(facts->id, id) || in_texts(id, facts->supersedes, facts->supersede_count);
}

static int check_requirements(struct session *session, const struct package_facts *facts)
{
	for (size_t i = 0; i < facts->require_count; i++) {
		if (!id_active(session, facts->requires[i]))
			return session_refuse(session, "requires-missing",
					      "it needs %s, which is not active here; apply that first",
					      facts->requires[i]);
		if (superseded(facts, facts->requires[i]))
			return session_refuse(session, "requires-missing", "it requires and supersedes %s",
					      facts->requires[i]);
	}
	return 0;
}

// Would an active package that stays lose a function to this one, or what it requires?
static int check_conflicts(struct session *session, const struct package_facts *facts,
			   const struct placement *placements, size_t count)
{
	const uint32_t *packages;
	uint32_t package_count = active_count(session, &packages);

	for (uint32_t i = 0; i < package_count; i++) {
		const struct control_package *package = &session->control->packages.at[packages[i]];

		if (superseded(facts, package->id))
			continue;
		for (uint32_t j = 0; j < package->requires.count; j++) {
			if (strcmp(package->requires.at[j], facts->id) &&
			    superseded(facts, package->requires.at[j]))
				return session_refuse(session, "requires-missing",
						      "%s is active and requires %s, which this supersedes",
						      package->id, package->requires.at[j]);
		}
		for (size_t j = 0; j < count; j++) {
			const struct hp_target *target = placements[j].record;

			for (size_t k = 0; k < target->function_count; k++) {
				uint32_t function = session_function(
					session, placements[j].image.bias + target->functions[k].vaddr);

				if (function != CONTROL_NONE &&
				    control_body_among(session->control, function, &packages[i], 1) !=
					    CONTROL_NONE)
					return session_refuse(
						session, "target-modified",
						"%s already replaces %s; a package for both must "
						"supersede it",
						package->id, target->functions[k].name);
			}
		}
	}
	return 0;
}

static size_t count_functions(const struct placement *placements, size_t count)
{
	size_t functions = 0;

	for (size_t i = 0; i < count; i++)
		functions += placements[i].record->function_count;
	return functions;
}

static int finish(struct session *session, const char *state)
{
	session->result->outcome = OUTCOME_DONE;
	session->result->state = state;
	return 0;
}

static bool package_active(const struct session *session, uint32_t package)
{
	const uint32_t *packages;
	uint32_t count = active_count(session, &packages);

	for (uint32_t i = 0; i < count; i++) {
		if (packages[i] == package)
			return true;
	}
	return false;
}

// Code is switched whether the file can be written or not: a failure is only told.
static int finish_with_symbols(struct session *session, const char *state)
{
	struct apply_result *result = session->result;
	const char *warning = NULL;

	if (session->options->symbols && symbols_write(session, session->options->symbols))
		warning = arena_printf(result->arena, "warning: no symbols written: %s", result->message);
	result->code = NULL;
	result->message = warning;
	return finish(session, state);
}

// A process that became busy, or full, between the first look and the last: no function changed, but mappings are not
// taken back.
static int say_what_stays(struct session *session)
{
	struct apply_result *result = session->result;

	if (session->mapped)
		result->message = arena_printf(
			result->arena, "%s (%" PRIu64 " KiB that were mapped for it stay there, unused)",
			result->message ? result->message : "", session->mapped >> 10);
	return -1;
}

static int apply_new(struct session *session, struct patch *patch, const struct placement *placements,
		     size_t count)
{
	const uint32_t *before;
	uint32_t before_count, now_count = 0, package, *now;
	int error;

	// What was brought in before serves again: nothing more will be mapped.
	if (prepare_find(session, patch->digest) == CONTROL_NONE &&
	    (precheck_space(session, patch, placements, count) || precheck_busy(session, placements, count)))
		return -1;
	if (memory_ensure_control(session) || switch_clear_dead(session))
		return say_what_stays(session);
	package = prepare_package(session, patch, placements, count);
	if (package == CONTROL_NONE)
		return say_what_stays(session);
	before_count = active_count(session, &before);
	now = xalloc((before_count + 1) * sizeof(*now));
	for (uint32_t i = 0; i < before_count; i++) {
		if (!superseded(&patch->facts, session->control->packages.at[before[i]].id))
			now[now_count++] = before[i];
	}
	now[now_count++] = package;
	error = switch_to(session, now, now_count);
	free(now);
	return error ? say_what_stays(session) : finish_with_symbols(session, "patched");
}

// Does every function of the active PACKAGE run its body? In an image that was opened, or closed and opened again, after
// it was applied it does not.
static bool in_force(const struct session *session, uint32_t package, const struct placement *placements,
		     size_t count)
{
	const uint32_t *packages;
	uint32_t package_count = active_count(session, &packages);

	if (!prepare_complete(session, package, placements, count))
		return false;
	for (size_t i = 0; i < count; i++) {
		const struct hp_target *target = placements[i].record;

		for (size_t j = 0; j < target->function_count; j++) {
			uint32_t function = session_function(session, placements[i].image.bias +
									      target->functions[j].vaddr);
			const char *problem;
			uint64_t now = switch_resolve(session, function, &problem);

			if (problem ||
			    now != switch_expected(session->control, function, packages, package_count))
				return false;
		}
	}
	return true;
}

static int apply_placements(struct session *session, struct patch *patch, const struct placement *placements,
			    size_t count)
{
	uint32_t known = prepare_find(session, patch->digest);

	if (!count)
		return session_refuse(session, "image-not-found", "it maps no image this package is for");
	if (known != CONTROL_NONE && package_active(session, known) &&
	    in_force(session, known, placements, count)) {
		session->result->functions = count_functions(placements, count);
		if (!session->options->check && switch_clear_dead(session))
			return -1;
		return finish_with_symbols(session, "already-active");
	}
	if (check_requirements(session, &patch->facts) ||
	    check_conflicts(session, &patch->facts, placements, count) ||
	    prepare_check(session, placements, count))
		return -1;
	session->result->functions = count_functions(placements, count);
	if (session->control && !control_has_room(session->control, session->result->functions))
		return session_refuse(
			session, "no-space-near",
			"its control block is full after %" PRIu64
			" switches: what is active can still be reverted, but nothing more applied "
			"before it is restarted; nothing changed",
			session->control->word);
	if (session->options->check)
		return prepare_find(session, patch->digest) == CONTROL_NONE &&
				       precheck_space(session, patch, placements, count)
			       ? -1
			       : finish(session, "would-patch");
	return apply_new(session, patch, placements, count);
}

static struct session make_session(struct process *process, const struct apply_options *options,
				   struct apply_result *result)
{
	result->arena = arena_new();
	result->outcome = OUTCOME_REFUSED;
	result->state = "refused";
	return (struct session){
		.process = process,
		.options = options,
		.result = result,
		.deadline = monotonic_ns() + (uint64_t)(options->timeout * 1e9),
	};
}

int apply_patch(struct process *process, struct patch *patch, const struct apply_options *options,
		struct apply_result *result)
{
	struct session session = make_session(process, options, result);
	int error = session_begin(&session);

	if (!error) {
		size_t count;
		struct placement *placements = prepare_placements(process, patch->package, &count);

		error = apply_placements(&session, patch, placements, count);
		free(placements);
	}
	session_end(&session);
	return error;
}

// ---- revert -----------------------------------------------------------------------------------------------------

static bool held(const uint32_t *list, uint32_t count, uint32_t package)
{
	for (uint32_t i = 0; i < count; i++) {
		if (list[i] == package)
			return true;
	}
	return false;
}

static const struct control_generation *generation_before(const struct control *control,
							  const struct control_generation *at)
{
	return at->before < at->number ? control_generation_numbered(control, at->before) : NULL;
}

// Does a generation hold what supersedes PACKAGE?
static bool superseded_in(const struct control *control, const struct control_generation *at,
			  uint32_t package)
{
	const char *id = control->packages.at[package].id;

	for (uint32_t i = 0; i < at->package_count; i++) {
		const struct control_package *other = &control->packages.at[at->packages[i]];

		if (at->packages[i] != package &&
		    (!strcmp(other->id, id) || in_texts(id, other->supersedes.at, other->supersedes.count)))
			return true;
	}
	return false;
}

// The generation in which PACKAGE was applied for the last time; what it superseded was active in the one before. That
// it came back when its successor was reverted is no such time: the way to before leads on behind the successor.
static const struct control_generation *activation(const struct control *control, uint32_t package)
{
	const struct control_generation *at = control_active(control), *found = NULL;

	while (at && held(at->packages, at->package_count, package)) {
		found = at;
		at = generation_before(control, at);
		while (at && !held(at->packages, at->package_count, package) &&
		       superseded_in(control, at, package))
			at = generation_before(control, at);
	}
	return found;
}

static int check_required(struct session *session, const uint32_t *packages, uint32_t count, const char *id)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct control_package *package = &session->control->packages.at[packages[i]];

		if (in_texts(id, package->requires.at, package->requires.count))
			return session_refuse(session, "requires-missing",
					      "%s is active and requires it; revert that first", package->id);
	}
	return 0;
}

// Without PACKAGE, and with what it superseded when it came.
static uint32_t list_without(const struct session *session, uint32_t package, uint32_t *now)
{
	const struct control *control = session->control;
	const struct control_generation *came = activation(control, package), *before;
	const uint32_t *packages;
	uint32_t active = active_count(session, &packages), count = 0;

	before = came && came->before < came->number ? control_generation_numbered(control, came->before)
						     : NULL;
	for (uint32_t i = 0; before && i < before->package_count; i++) {
		const struct control_package *itself = &control->packages.at[package],
					     *other = &control->packages.at[before->packages[i]];

		if (!held(came->packages, came->package_count, before->packages[i]) &&
		    !held(packages, active, before->packages[i]) &&
		    (!strcmp(itself->id, other->id) ||
		     in_texts(other->id, itself->supersedes.at, itself->supersedes.count)))
			now[count++] = before->packages[i];
	}
	for (uint32_t i = 0; i < active; i++) {
		if (packages[i] != package)
			now[count++] = packages[i];
	}
	return count;
}

static uint32_t find_active_id(const struct session *session, const char *id)
{
	const uint32_t *packages;
	uint32_t count = active_count(session, &packages);

	for (uint32_t i = 0; i < count; i++) {
		if (!strcmp(session->control->packages.at[packages[i]].id, id))
			return packages[i];
	}
	return CONTROL_NONE;
}

static int revert_one(struct session *session, uint32_t package)
{
	uint32_t *now = xalloc((session->control->packages.count * 2 + 1) * sizeof(*now));
	uint32_t count = list_without(session, package, now);
	int error = check_required(session, now, count, session->control->packages.at[package].id);

	if (!error)
		error = switch_to(session, now, count);
	free(now);
	return error ? error : finish(session, "reverted");
}

static int revert(struct session *session, const char *id)
{
	const uint32_t *packages;
	uint32_t package;

	if (!session->control || !active_count(session, &packages) ||
	    (id && find_active_id(session, id) == CONTROL_NONE)) {
		if (!session->options->check && switch_clear_dead(session))
			return -1;
		return finish(session, "not-active");
	}
	if (session->options->check)
		return finish(session, "would-revert");
	if (switch_clear_dead(session))
		return -1;
	if (!id)
		return switch_to(session, NULL, 0) ? -1 : finish(session, "reverted");
	package = find_active_id(session, id);
	return revert_one(session, package);
}

int apply_revert(struct process *process, const char *id, const struct apply_options *options,
		 struct apply_result *result)
{
	struct session session = make_session(process, options, result);
	int error = session_begin(&session);

	if (!error)
		error = revert(&session, id);
	session_end(&session);
	return error;
}

// ---- what is there --------------------------------------------------------------------------------------------------

static const char *code_problem(const struct session *session, uint32_t package, uint32_t image)
{
	const struct control *control = session->control;
	const char *problem = "its code is not recorded";

	for (size_t i = 0; i < control->codes.count; i++) {
		const struct control_code *code = &control->codes.at[i];
		uint8_t hash[HP_HASH_SIZE], *bytes;

		if (code->package != package || code->image != image)
			continue;
		bytes = code->size <= CONTROL_SIZE_MAX ? xalloc(code->size + 1) : NULL;
		problem = "its new code cannot be read";
		if (bytes && !process_read(session->process, code->address, bytes, code->size)) {
			crypto_hash_sha256(hash, bytes, code->size);
			problem = memcmp(hash, code->hash, sizeof(hash)) ? "its new code was changed" : NULL;
		}
		free(bytes);
		break;
	}
	return problem;
}

static struct active_function describe_function(const struct session *session, struct arena *arena,
						const struct control_body *body)
{
	const struct control *control = session->control;
	const struct control_function *function = &control->functions.at[body->function];
	struct active_function described = {
		.name = arena_strdup(arena, function->name),
		.address = function->entry,
	};
	const uint32_t *packages;
	uint32_t count = active_count(session, &packages);
	uint64_t now = switch_resolve(session, body->function, &described.problem);

	if (!described.problem && now != switch_expected(control, body->function, packages, count))
		described.problem =
			now == function->prologue ? "it runs its old code" : "its entry leads elsewhere";
	if (!described.problem)
		described.problem = code_problem(session, body->package, function->image);
	described.intact = !described.problem;
	return described;
}

const char *image_state_name(enum image_state state)
{
	static const char *const names[] = {
		[IMAGE_ACTIVE] = "active",
		[IMAGE_STALE] = "stale",
		[IMAGE_GONE] = "gone",
		[IMAGE_CHANGED] = "changed",
	};

	return names[state];
}

// Of an image that is there: all bodies of PACKAGE in force, all originals (it was loaded after the switch), or neither.
static enum image_state image_state(const struct session *session, uint32_t package, uint32_t image)
{
	const struct control *control = session->control;
	struct arena *arena = arena_new();
	size_t intact = 0, old = 0, count = 0;

	for (size_t i = 0; i < control->bodies.count; i++) {
		const struct control_body *body = &control->bodies.at[i];
		struct active_function function;
		uint64_t now;

		if (body->package != package || control->functions.at[body->function].image != image)
			continue;
		function = describe_function(session, arena, body);
		now = switch_resolve(session, body->function, &function.problem);
		intact += function.intact;
		old += now == control->functions.at[body->function].prologue;
		count++;
	}
	arena_free(arena);
	return count && intact == count ? IMAGE_ACTIVE : old == count ? IMAGE_STALE : IMAGE_CHANGED;
}

static bool same_build(const struct control_image *record, const struct image *image)
{
	return image->build_id_size && record->build_id_size == image->build_id_size &&
	       !memcmp(record->build_id, image->build_id, image->build_id_size);
}

static bool listed(const struct active_package *to, uint64_t base)
{
	for (size_t i = 0; i < to->image_count; i++) {
		if (to->images[i].base == base)
			return true;
	}
	return false;
}

static void add_image(struct active_package *to, struct arena *arena, const char *path, uint64_t base,
		      enum image_state state)
{
	char *copy = arena_strdup(arena, path);

	for (char *at = copy; *at; at++) {
		if ((unsigned char)*at < 0x20 || (unsigned char)*at > 0x7e)
			*at = '?';
	}
	to->images[to->image_count++] = (struct active_image){copy, base, state};
}

// Every mapping of every image that the package has code for: those it was applied to, those that came since, and
// those that went.
static void describe_images(const struct session *session, struct arena *arena, uint32_t package,
			    struct active_package *to)
{
	const struct control *control = session->control;
	const struct process *process = session->process;

	to->images = arena_array(arena, process->image_count + control->codes.count + 1,
				 sizeof(struct active_image));
	for (size_t i = 0; i < process->image_count; i++) {
		const struct image *image = &process->images[i];
		enum image_state state = IMAGE_STALE;
		bool ours = false;

		for (size_t j = 0; j < control->codes.count; j++) {
			const struct control_code *code = &control->codes.at[j];

			if (code->package != package || !same_build(&control->images.at[code->image], image))
				continue;
			ours = true;
			if (session_live_image(session, code->image) == image)
				state = image_state(session, package, code->image);
		}
		if (ours)
			add_image(to, arena, image->path, image->base, state);
	}
	for (size_t i = 0; i < control->codes.count; i++) {
		const struct control_image *image = &control->images.at[control->codes.at[i].image];

		if (control->codes.at[i].package == package && !listed(to, image->base))
			add_image(to, arena, image->name, image->base, IMAGE_GONE);
	}
}

// Images by name and build ID, each once.
static const char *describe_baseline(const struct control *control, struct arena *arena, uint32_t package)
{
	const char *text = "";

	for (size_t i = 0; i < control->codes.count; i++) {
		const struct control_image *image = &control->images.at[control->codes.at[i].image];
		const char *slash = strrchr(image->name, '/');
		char id[9] = "", *one;

		if (control->codes.at[i].package != package)
			continue;
		for (uint32_t b = 0; b < image->build_id_size && b < 4; b++)
			snprintf(id + 2 * b, 3, "%02x", image->build_id[b]);
		one = arena_printf(arena, "%s %s…", slash ? slash + 1 : image->name, id);
		if (!strstr(text, one))
			text = *text ? arena_printf(arena, "%s, %s", text, one) : one;
	}
	return text;
}

static void describe_package(const struct session *session, struct patch_state *state, uint32_t index)
{
	const struct control *control = session->control;
	const struct control_package *package = &control->packages.at[index];
	struct active_package *to = &state->packages[state->package_count++];
	const struct control_generation *came;

	*to = (struct active_package){
		.id = arena_strdup(state->arena, package->id),
		.title = arena_strdup(state->arena, package->title),
		.baseline = describe_baseline(control, state->arena, index),
		.fix_count = package->fixes.count,
		.active = package_active(session, index),
		.ever_active = control_was_active(control, index),
	};
	memcpy(to->digest, package->digest, sizeof(to->digest));
	to->fixes = arena_array(state->arena, to->fix_count + 1, sizeof(char *));
	for (size_t i = 0; i < to->fix_count; i++)
		to->fixes[i] = arena_strdup(state->arena, package->fixes.at[i]);
	came = to->active ? activation(control, index) : NULL;
	to->generation = came ? came->number : 0;
	to->functions = arena_array(state->arena, control->bodies.count + 1, sizeof(struct active_function));
	for (size_t i = 0; i < control->bodies.count; i++) {
		const struct control_body *body = &control->bodies.at[i];

		if (body->package == index &&
		    session_live_image(session, control->functions.at[body->function].image))
			to->functions[to->function_count++] = describe_function(session, state->arena, body);
	}
	if (to->active)
		describe_images(session, state->arena, index, to);
}

bool apply_state(struct process *process, struct patch_state *state, const char **message)
{
	struct session session = {.process = process};
	int error = process->mapping_count ? 0 : process_open_memory(process);

	*state = (struct patch_state){.arena = arena_new()};
	*message = NULL;
	if (!error && !process->mapping_count)
		error = process_read_maps(process);
	if (error) {
		*message = error == -ESRCH ? "no such process" : strerror(-error);
		return false;
	}
	session.control = control_find(process, message);
	if (*message)
		return false;
	state->patched = session.control != NULL;
	if (!session.control)
		return true;
	session_note_reloads(&session);
	state->generation = session.control->word;
	for (size_t i = 0; i < session.control->generations.count; i++)
		state->prepared += session.control->generations.at[i].number > session.control->word;
	state->packages =
		arena_array(state->arena, session.control->packages.count + 1, sizeof(struct active_package));
	for (uint32_t i = 0; i < session.control->packages.count; i++)
		describe_package(&session, state, i);
	control_free(session.control);
	return true;
}
