// SPDX-License-Identifier: GPL-3.0-or-later
// The dynamic linker's search, done from outside: which object defines a symbol for a reference.
#include "apply/lookup.h"

#include <elf.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>

#include "apply/lookup-object.h"

enum { OBJECTS_MAX = 4096, NAMESPACES_MAX = 16 };

struct lookup {
	const struct process *process;
	struct loaded *objects; // of all namespaces, each in the order of its list
	size_t count;
	bool cut; // the list was longer than anything real, or ran in a circle
};

// ---- the lists of loaded objects ---------------------------------------------------------------------------

// The executable has DT_DEBUG, which the dynamic linker points at its struct r_debug (glibc <link.h>).
static uint64_t find_debug(const struct process *process)
{
	for (size_t i = 0; i < process->image_count; i++) {
		uint64_t value;

		if (process->images[i].dynamic &&
		    dynamic_find(process, process->images[i].dynamic, process->images[i].dynamic_size,
				 DT_DEBUG, &value) &&
		    value)
			return value;
	}
	return 0;
}

// struct link_map: l_addr, l_name, l_ld, l_next, l_prev.
static void read_list(struct lookup *lookup, uint64_t map, unsigned number)
{
	uint64_t entry[4];

	for (size_t i = 0; map; i++, map = entry[3]) {
		if (i == OBJECTS_MAX || process_read(lookup->process, map, entry, sizeof(entry))) {
			lookup->cut = true;
			return;
		}
		lookup->objects = xrealloc(lookup->objects, (lookup->count + 1) * sizeof(*lookup->objects));
		loaded_read(lookup->process, entry[0], entry[1], entry[2], &lookup->objects[lookup->count]);
		lookup->objects[lookup->count].number = number;
		lookup->objects[lookup->count++].first = i == 0;
	}
}

// struct r_debug: int version, r_map, r_brk, r_state, r_ldbase; from version 2 on r_next: other namespaces.
static void read_lists(struct lookup *lookup)
{
	uint64_t debug = find_debug(lookup->process);

	for (unsigned number = 0; debug && number < NAMESPACES_MAX; number++) {
		uint64_t words[6] = {0};

		if (process_read(lookup->process, debug, words, 5 * sizeof(*words)))
			return;
		read_list(lookup, words[1], number);
		if ((uint32_t)words[0] < 2 ||
		    process_read(lookup->process, debug + 5 * sizeof(*words), &debug, sizeof(debug)))
			return;
	}
}

struct lookup *lookup_new(const struct process *process)
{
	struct lookup *lookup = xalloc(sizeof(*lookup));

	*lookup = (struct lookup){.process = process};
	read_lists(lookup);
	return lookup;
}

void lookup_free(struct lookup *lookup)
{
	if (!lookup)
		return;
	for (size_t i = 0; i < lookup->count; i++)
		loaded_release(&lookup->objects[i]);
	free(lookup->objects);
	free(lookup);
}

// ---- scopes ------------------------------------------------------------------------------------------------

struct scope {
	const struct loaded **objects;
	size_t count;
};

static bool in_scope(const struct scope *scope, const struct loaded *object)
{
	for (size_t i = 0; i < scope->count; i++) {
		if (scope->objects[i] == object)
			return true;
	}
	return false;
}

static void add_to_scope(struct scope *scope, const struct loaded *object)
{
	if (!in_scope(scope, object))
		scope->objects[scope->count++] = object;
}

static const struct loaded *find_needed(const struct lookup *lookup, const char *name, unsigned number)
{
	for (size_t i = 0; i < lookup->count; i++) {
		if (lookup->objects[i].number == number && loaded_is(&lookup->objects[i], name))
			return &lookup->objects[i];
	}
	return NULL;
}

// Breadth first, as _dl_map_object_deps() does: what is in scope already brings its DT_NEEDED behind all of it.
static void add_closure(const struct lookup *lookup, struct scope *scope, size_t from)
{
	for (size_t i = from; i < scope->count; i++) {
		const struct loaded *object = scope->objects[i];

		for (size_t n = 0; n < object->needed_count; n++) {
			const struct loaded *needed = find_needed(lookup, object->needed[n], object->number);

			if (needed)
				add_to_scope(scope, needed);
		}
	}
}

// Preloaded objects stand on the list between the executable and its first own DT_NEEDED (rtld.c, dl_main():
// "Load all the libraries specified by LD_PRELOAD" comes before _dl_map_object_deps()).
static void add_preloaded(const struct lookup *lookup, struct scope *scope, const struct loaded *main)
{
	const struct loaded *end = lookup->objects + lookup->count;

	if (main->needed_count == 0)
		return;
	for (const struct loaded *object = main + 1; object < end && object->number == main->number;
	     object++) {
		if (loaded_is(object, main->needed[0]))
			return;
		if (!object->vdso)
			add_to_scope(scope, object);
	}
}

static const struct loaded *first_of(const struct lookup *lookup, unsigned number)
{
	for (size_t i = 0; i < lookup->count; i++) {
		if (lookup->objects[i].number == number && lookup->objects[i].first)
			return &lookup->objects[i];
	}
	return NULL;
}

static void build_scope(const struct lookup *lookup, const struct loaded *self, struct scope *scope)
{
	const struct loaded *main = first_of(lookup, self->number);
	size_t own;

	scope->objects = xalloc((lookup->count + 1) * sizeof(*scope->objects));
	scope->count = 0;
	if (main) {
		add_to_scope(scope, main);
		// A second namespace (dlmopen) has no global scope but its first object's.
		if (self->number == 0)
			add_preloaded(lookup, scope, main);
		add_closure(lookup, scope, 0);
	}
	own = scope->count;
	add_to_scope(scope, self);
	add_closure(lookup, scope, own);
}

// ---- looking up --------------------------------------------------------------------------------------------

static const struct loaded *find_self(const struct lookup *lookup, const struct image *image)
{
	for (size_t i = 0; i < lookup->count; i++) {
		if (image->dynamic && lookup->objects[i].dynamic == image->dynamic)
			return &lookup->objects[i];
	}
	return NULL;
}

static enum lookup_status finish(const struct loaded *object, const struct loaded_symbol *symbol,
				 const char *name, struct lookup_result *result)
{
	result->address = symbol->address;
	result->size = symbol->size;
	result->type = symbol->type;
	result->dynamic = object->dynamic;
	snprintf(result->object, sizeof(result->object), "%s", object->name);
	if (symbol->type != STT_GNU_IFUNC)
		return LOOKUP_FOUND;
	snprintf(result->message, sizeof(result->message), "%.100s is an indirect function (IFUNC) in %.100s",
		 name, object->name);
	return LOOKUP_IFUNC;
}

static enum lookup_status fail(struct lookup_result *result, enum lookup_status status, const char *name,
			       const char *version, const char *what, const char *object)
{
	snprintf(result->message, sizeof(result->message), "%.80s%s%.40s %s%s%.60s", name, version ? "@" : "",
		 version ? version : "", what, object ? " " : "", object ? object : "");
	return status;
}

enum lookup_status lookup_symbol(struct lookup *lookup, const struct image *image, const char *name,
				 const char *version, struct lookup_result *result)
{
	const struct loaded *self = find_self(lookup, image);
	enum lookup_status status = LOOKUP_MISSING;
	struct loaded_symbol symbol;
	struct scope scope;

	memset(result, 0, sizeof(*result));
	if (lookup->cut)
		return fail(result, LOOKUP_MALFORMED, name, version,
			    "cannot be looked up: the list of loaded"
			    " objects is broken",
			    NULL);
	if (!self)
		return fail(result, LOOKUP_NO_LINKER, name, version,
			    "cannot be looked up: no dynamic linker"
			    " knows this image",
			    NULL);
	build_scope(lookup, self, &scope);
	for (size_t i = 0; i < scope.count && status == LOOKUP_MISSING; i++) {
		const struct loaded *object = scope.objects[i];

		switch (loaded_find(lookup->process, object, name, version, &symbol)) {
		case LOADED_FOUND:
			status = finish(object, &symbol, name, result);
			break;
		case LOADED_AMBIGUOUS:
			status = fail(result, LOOKUP_AMBIGUOUS, name, version, "has several versions in",
				      object->name);
			break;
		case LOADED_MALFORMED:
			status = fail(result, LOOKUP_MALFORMED, name, version,
				      "meets a broken symbol table in", object->name);
			break;
		default:
			break;
		}
	}
	if (status == LOOKUP_MISSING)
		fail(result, status, name, version, "is defined nowhere in the scope of", self->name);
	free(scope.objects);
	return status;
}
