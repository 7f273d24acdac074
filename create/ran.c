// SPDX-License-Identifier: GPL-3.0-or-later
// Code that ran already: a function that is reached from main only, by calls none of which stands in a loop, runs
// once while the program starts. New code for it changes nothing in a running process: the package would read
// "patched" while the hole stays open. Refused only where the objects prove it: a function whose address is taken
// anywhere, or that some loop may call again, is taken to be live.
#include <stdlib.h>
#include <string.h>

#include "create/builder.h"
#include "create/flow.h"

struct edge {
	struct node *caller;
	struct unit *part; // of the caller, that holds the call
	uint64_t offset;   // in it
};

enum answer { NOT_ASKED, ASKING, LIVE, ONCE };

struct node {
	struct unit *unit; // its definition, NULL when no object has it
	const char *name;
	bool address_taken;
	enum answer answer;
	struct node *from; // the caller through which it runs once
	VEC(struct edge) callers;
};

struct call_graph {
	struct arena *arena;
	struct decoder *decoder;
	struct strmap *nodes; // "name" of a global, "object: name" of a static function
	VEC(struct node *) all;
	VEC(struct object *) objects;
};

static struct node *node_of(struct call_graph *graph, const struct object *object, const char *name,
			    bool local)
{
	const char *key = local ? arena_printf(graph->arena, "%s: %s", object->path, name) : name;
	void **place = strmap_put(graph->nodes, key);

	if (!*place) {
		*place = arena_alloc(graph->arena, sizeof(struct node));
		((struct node *)*place)->name = name;
		*vec_push(&graph->all) = *place;
	}
	return *place;
}

static struct unit *entry_part(struct unit *unit)
{
	return unit->owner && unit->owner->kind == UNIT_FUNCTION ? unit->owner : unit;
}

static struct node *node_of_unit(struct call_graph *graph, struct unit *unit)
{
	bool local = !unit->symbol_count || unit->symbols[0]->binding == BINDING_LOCAL;

	return node_of(graph, unit->object, unit->name, local);
}

// The function a relocation means, NULL for data and for positions within functions.
static struct node *callee(struct call_graph *graph, const struct object *object, const struct reloc *reloc)
{
	if (reloc->target) {
		struct unit *unit = entry_part(reloc->target);

		return unit->kind == UNIT_FUNCTION && unit == reloc->target && !reloc->target_offset
			       ? node_of_unit(graph, unit)
			       : NULL;
	}
	if (!*reloc->symbol->name || reloc->symbol->binding == BINDING_LOCAL)
		return NULL;
	return node_of(graph, object, reloc->symbol->name, false);
}

// e8 rel32, e9 rel32, 0f 8x rel32, ff 15 slot(%rip): the callee is called, its address goes nowhere.
static bool is_call(const struct unit *unit, const struct reloc *reloc)
{
	const uint8_t *field = unit->section->data + reloc->offset;
	uint64_t before = reloc->offset - unit->offset;

	if (unit->kind != UNIT_FUNCTION || !before)
		return false;
	if (reloc->info->kind == RELOC_GOT)
		return before >= 2 && field[-2] == 0xff && (field[-1] == 0x15 || field[-1] == 0x25);
	return field[-1] == 0xe8 || field[-1] == 0xe9 ||
	       (before >= 2 && field[-2] == 0x0f && (field[-1] & 0xf0) == 0x80);
}

static void add_reference(struct call_graph *graph, struct unit *unit, const struct reloc *reloc)
{
	struct node *node = callee(graph, unit->object, reloc);

	if (!node)
		return;
	if (!is_call(unit, reloc)) {
		node->address_taken = true;
		return;
	}
	*vec_push(&node->callers) = (struct edge){.caller = node_of_unit(graph, entry_part(unit)),
						  .part = unit,
						  .offset = reloc->offset - unit->offset};
}

static void add_object(struct call_graph *graph, struct object *object)
{
	for (size_t i = 0; i < object->unit_count; i++) {
		struct unit *unit = &object->units[i];
		enum section_role role = unit->section->role;

		if (unit->kind == UNIT_FUNCTION && entry_part(unit) == unit)
			node_of_unit(graph, unit)->unit = unit;
		// What the loader runs before main runs once, too: no address that is kept.
		if (!(unit->section->flags & SECTION_ALLOC) || role == ROLE_UNWIND || role == ROLE_NOTE ||
		    role == ROLE_INIT)
			continue;
		for (size_t r = 0; r < unit->reloc_count; r++)
			add_reference(graph, unit, &unit->relocs[r]);
	}
}

// An object is the image's when the image names its source file. A file without local symbols leaves no such name;
// then all its global functions must be there, of their size.
static bool belongs_to(const struct object *object, const struct image *image, const struct strmap *files)
{
	const struct image_symbol *const *found;
	size_t functions = 0, count;

	if (!object->source_file || !strmap_count(files) || strmap_get(files, object->source_file))
		return true;
	for (size_t i = 0; i < object->unit_count; i++) {
		const struct unit *unit = &object->units[i];

		if (unit->kind != UNIT_FUNCTION || !unit->symbol_count)
			continue;
		if (unit->symbols[0]->binding == BINDING_LOCAL)
			return false;
		found = image_find(image, unit->name, &count);
		// Another program's main is no sign.
		if (!count || (count == 1 && found[0]->size != unit->size))
			return false;
		functions++;
	}
	return functions > 0;
}

static struct call_graph *graph_new(struct target *target)
{
	const struct tree *tree = &target->diff->old_tree;
	struct call_graph *graph = arena_alloc(target->arena, sizeof(*graph));
	struct strmap *files = strmap_new();
	struct diags *unread = diags_new();

	graph->arena = target->arena;
	graph->decoder = target->decoder;
	graph->nodes = strmap_new();
	for (size_t i = 0; i < target->image->symbol_count; i++)
		if (target->image->symbols[i].file)
			*strmap_put(files, target->image->symbols[i].file) = graph;
	for (size_t i = 0; i < tree->objects.count; i++) {
		struct object *object = tree_load(tree, &tree->objects.at[i], target->diff->names, unread);

		if (!object)
			continue;
		*vec_push(&graph->objects) = object;
		if (belongs_to(object, target->image, files))
			add_object(graph, object);
	}
	diags_free(unread);
	strmap_free(files);
	return graph;
}

static void graph_free(struct call_graph *graph)
{
	for (size_t i = 0; i < graph->all.count; i++)
		free(graph->all.at[i]->callers.at);
	for (size_t i = 0; i < graph->objects.count; i++)
		object_free(graph->objects.at[i]);
	free(graph->all.at);
	free(graph->objects.at);
	strmap_free(graph->nodes);
}

static enum answer ask(struct call_graph *graph, struct node *node);

static enum answer answer_for(struct call_graph *graph, struct node *node)
{
	if (!node->unit || node->address_taken)
		return LIVE;
	if (!strcmp(node->name, "main"))
		return ONCE;
	if (!node->callers.count)
		return LIVE;
	for (size_t i = 0; i < node->callers.count; i++) {
		const struct edge *edge = &node->callers.at[i];

		if (ask(graph, edge->caller) != ONCE ||
		    flow_in_loop(graph->decoder, edge->part, edge->offset))
			return LIVE;
		node->from = edge->caller;
	}
	return ONCE;
}

static enum answer ask(struct call_graph *graph, struct node *node)
{
	if (node->answer == NOT_ASKED) {
		node->answer = ASKING;
		node->answer = answer_for(graph, node);
	}
	// Recursion: it calls itself by some way, which may be a loop.
	return node->answer == ASKING ? LIVE : node->answer;
}

static const char *way_to(struct call_graph *graph, const struct node *node)
{
	const char *text = arena_strdup(graph->arena, node->name); // the objects go, the way stays

	for (unsigned steps = 0; node->from && steps < 20; steps++) {
		node = node->from;
		text = arena_printf(graph->arena, "%s → %s", node->name, text);
	}
	return text;
}

void check_ran(struct target *target)
{
	struct call_graph *graph;

	if (!target->image->executable || !target->functions.count)
		return;
	graph = graph_new(target);
	for (size_t i = 0; i < target->replaced.count; i++) {
		const struct member *member = target->replaced.at[i];
		const struct unit *old = member->old;
		bool local = !old->symbol_count || old->symbols[0]->binding == BINDING_LOCAL;
		struct node *node = node_of(graph, old->object, old->name, local);

		if (ask(graph, node) == ONCE)
			*vec_push(&target->ran) = (struct ran){.member = member, .way = way_to(graph, node)};
		else if (node->unit && !node->address_taken && !node->callers.count)
			target->uncalled++;
	}
	graph_free(graph);
}

static bool is_all_over(const struct target *target)
{
	return target->ran.count && target->ran.count == target->functions.count;
}

// A copy from an archive that nothing calls is not where the fix goes.
static bool takes_the_fix(const struct target *target)
{
	return target->functions.count > target->ran.count + target->uncalled;
}

static void refuse_ran(struct target *target)
{
	for (size_t i = 0; i < target->ran.count; i++)
		refuse(target, target->ran.at[i].member->unit, "already-ran",
		       "runs only at start-up (%s): a running process stays as it is; restart it, or leave "
		       "this part out",
		       target->ran.at[i].way);
}

// One fix, several programs: a client that called it once and a server that will call it again. The client's process
// would read "patched" and be what it was, so it gets no part of the package.
void judge_ran(struct builder *builder)
{
	bool elsewhere = false;

	for (size_t i = 0; i < builder->candidates.count; i++)
		elsewhere |= takes_the_fix(builder->candidates.at[i].target);
	for (size_t i = 0; i < builder->candidates.count; i++) {
		struct candidate *candidate = &builder->candidates.at[i];
		struct target *target = candidate->target;

		if (!elsewhere || !is_all_over(target)) {
			refuse_ran(target);
			continue;
		}
		uncover(builder, candidate->path,
			arena_printf(builder->arena,
				     "what changes runs only at start-up (%s); restart its processes",
				     target->ran.at[0].way));
		target->functions.count = 0;
	}
}
