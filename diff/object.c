// SPDX-License-Identifier: GPL-3.0-or-later
// Looking things up in a loaded object, and the table of names that a diff's objects share.
#include "diff/model.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct interner {
	pthread_mutex_t lock;
	struct arena *arena;
	struct strmap *names;
};

struct interner *interner_new(void)
{
	struct interner *names = xalloc(sizeof(*names));

	pthread_mutex_init(&names->lock, NULL);
	names->arena = arena_new();
	names->names = strmap_new();
	return names;
}

void interner_free(struct interner *names)
{
	if (!names)
		return;
	pthread_mutex_destroy(&names->lock);
	strmap_free(names->names);
	arena_free(names->arena);
	free(names);
}

const char *intern(struct interner *names, const char *name)
{
	char *known;

	if (!*name)
		return "";
	pthread_mutex_lock(&names->lock);
	known = strmap_get(names->names, name);
	if (!known) {
		known = arena_strdup(names->arena, name);
		*strmap_put(names->names, known) = known;
	}
	pthread_mutex_unlock(&names->lock);
	return known;
}

// $x, $d.12, $xrv64i2p1: where code and where data begins (ELF for the Arm 64-bit Architecture 5.5.5, RISC-V ELF psABI).
bool symbol_is_mapping(const struct symbol *symbol)
{
	const char *name = symbol->name;

	return symbol->binding == BINDING_LOCAL && name[0] == '$' && name[1] && strchr("adtx", name[1]) &&
	       (!name[2] || name[2] == '.' || !strncmp(name + 1, "xrv", 3));
}

bool symbol_is_label(const struct symbol *symbol)
{
	const char *name = symbol->name;

	if (symbol->binding != BINDING_LOCAL)
		return false;
	if (!*name) // Clang for RISC-V: what distances of debug information and exception tables count from
		return symbol->kind == SYMBOL_NOTYPE;
	return symbol_is_mapping(symbol) || (name[0] == '.' && name[1] == 'L');
}

static bool defines_something(const struct symbol *symbol)
{
	return symbol->kind != SYMBOL_SECTION && symbol->kind != SYMBOL_FILE && *symbol->name &&
	       (symbol->section || symbol->common || symbol->absolute);
}

struct symbol *object_find(struct object *object, const char *name)
{
	if (!object->by_name) {
		object->by_name = strmap_new();
		for (size_t i = object->symbol_count; i-- > 1;)
			if (defines_something(&object->symbols[i]))
				*strmap_put(object->by_name, object->symbols[i].name) = &object->symbols[i];
	}
	return strmap_get(object->by_name, name);
}

void object_free(struct object *object)
{
	if (!object)
		return;
	if (object->close_debug)
		object->close_debug(object);
	strmap_free(object->by_name);
	file_unmap(&object->file);
	free(object->copy);
	arena_free(object->arena);
}

struct unit *section_unit_at(const struct section *section, uint64_t offset)
{
	size_t low = 0, high = section->unit_count;

	while (low < high) { // the last unit that starts at or before OFFSET
		size_t middle = low + (high - low) / 2;

		if (section->units[middle]->offset <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || offset - section->units[low - 1]->offset >= section->units[low - 1]->size)
		return NULL;
	return section->units[low - 1];
}
