// SPDX-License-Identifier: GPL-3.0-or-later
// Which function or datum of the old image is which of the new one.
#include "create/missing-private.h"

#include <stdlib.h>
#include <string.h>

static bool is_thing(const struct image_symbol *symbol)
{
	return symbol->defined && !symbol->absolute && *symbol->name &&
	       (symbol->kind == SYMBOL_FUNCTION || symbol->kind == SYMBOL_IFUNC ||
		symbol->kind == SYMBOL_OBJECT ||
		(symbol->kind == SYMBOL_NOTYPE && symbol->binding != BINDING_LOCAL));
}

static int compare_symbols(const void *a, const void *b)
{
	const struct image_symbol *one = *(const struct image_symbol *const *)a;
	const struct image_symbol *other = *(const struct image_symbol *const *)b;

	if (one->vaddr != other->vaddr)
		return one->vaddr < other->vaddr ? -1 : 1;
	return one->position < other->position ? -1 : one->position > other->position;
}

// A name to pair by: file of a static, name, and the things that bear it.
struct name {
	const char *file, *text;
	size_t length; // of text, without the compiler's number when that is left out
	struct thing *thing;
	uint32_t position;
};

typedef VEC(struct name) name_list;

static int compare_texts(const struct name *one, const struct name *other)
{
	size_t shorter = one->length < other->length ? one->length : other->length;
	int order = strcmp(one->file ? one->file : "", other->file ? other->file : "");

	if (!order)
		order = memcmp(one->text, other->text, shorter);
	if (!order)
		order = one->length < other->length ? -1 : one->length > other->length;
	return order;
}

static int compare_names(const void *a, const void *b)
{
	const struct name *one = a, *other = b;
	int order = compare_texts(one, other);

	if (order)
		return order;
	return one->position < other->position ? -1 : one->position > other->position;
}

static void fill_side(struct side *side, const struct image *image, struct arena *arena, name_list *names)
{
	const struct image_symbol **list = xalloc((image->symbol_count + 1) * sizeof(*list));
	size_t count = 0;

	for (size_t i = 0; i < image->symbol_count; i++)
		if (is_thing(&image->symbols[i]))
			list[count++] = &image->symbols[i];
	qsort(list, count, sizeof(*list), compare_symbols);
	side->image = image;
	side->things = arena_array(arena, count + 1, sizeof(*side->things));
	for (size_t i = 0; i < count; i++) {
		struct thing *thing = &side->things[side->thing_count];

		if (i && list[i]->vaddr == list[i - 1]->vaddr)
			thing--;
		else
			side->thing_count++;
		if (!thing->symbol ||
		    (thing->symbol->kind == SYMBOL_NOTYPE && list[i]->kind != SYMBOL_NOTYPE))
			thing->symbol = list[i];
		thing->vaddr = list[i]->vaddr;
		thing->size = list[i]->size > thing->size ? list[i]->size : thing->size;
		thing->code =
			thing->code || list[i]->kind == SYMBOL_FUNCTION || list[i]->kind == SYMBOL_IFUNC;
		*vec_push(names) = (struct name){list[i]->file, list[i]->name, strlen(list[i]->name), thing,
						 list[i]->position};
	}
	free(list);
}

// `count.3` and `foo.constprop.0.cold` are numbered anew in every compilation: what stays is `count`, `foo.constprop`.
static size_t unnumbered(const char *text)
{
	size_t length = strlen(text), end;

	for (;;) {
		for (end = length; end && text[end - 1] >= '0' && text[end - 1] <= '9';)
			end--;
		if (end == length || !end || text[end - 1] != '.')
			return length;
		length = end - 1;
	}
}

static void pair(struct thing *old, struct thing *new_thing)
{
	if (old->other || new_thing->other || old->code != new_thing->code)
		return;
	old->other = new_thing;
	new_thing->other = old;
}

// Equal names that are there equally often belong together in their order; else nothing says which is which.
static void pair_equal_names(name_list *old, name_list *new_names)
{
	size_t i = 0, j = 0;

	if (old->count)
		qsort(old->at, old->count, sizeof(*old->at), compare_names);
	if (new_names->count)
		qsort(new_names->at, new_names->count, sizeof(*new_names->at), compare_names);
	while (i < old->count && j < new_names->count) {
		size_t olds = 1, news = 1;
		int order = compare_texts(&old->at[i], &new_names->at[j]);

		if (order) {
			order < 0 ? i++ : j++;
			continue;
		}
		while (i + olds < old->count && !compare_texts(&old->at[i], &old->at[i + olds]))
			olds++;
		while (j + news < new_names->count &&
		       !compare_texts(&new_names->at[j], &new_names->at[j + news]))
			news++;
		for (size_t k = 0; olds == news && k < olds; k++)
			pair(old->at[i + k].thing, new_names->at[j + k].thing);
		i += olds;
		j += news;
	}
}

// Those that are left over, without the compiler's numbers.
static void keep_unpaired(name_list *names)
{
	size_t kept = 0;

	for (size_t i = 0; i < names->count; i++) {
		if (names->at[i].thing->other)
			continue;
		names->at[i].length = unnumbered(names->at[i].text);
		names->at[kept++] = names->at[i];
	}
	names->count = kept;
}

// The only thing of a static's file and name. (Two files of one name: nothing says which is meant.)
static struct thing *thing_of(const struct side *side, const struct symbol *symbol)
{
	const struct image_symbol *const *list;
	struct thing *only = NULL;
	size_t count;

	list = image_find(side->image, symbol->name, &count);
	for (size_t i = 0; i < count; i++) {
		struct thing *thing = (struct thing *)thing_over(side, list[i]->vaddr);

		if (list[i]->kind == SYMBOL_TLS || !thing || thing->vaddr != list[i]->vaddr ||
		    !list[i]->file || strcmp(list[i]->file, symbol->source_file) != 0)
			continue;
		if (only)
			return NULL;
		only = thing;
	}
	return only;
}

// The compiler numbers statics of functions anew when one is added: `count.1` is now `count.2`, and another is
// `count.1`. Which is which was found out from the objects.
static void pair_correlated(struct comparing *comparing, const struct unit *unit)
{
	const struct symbol *old, *new_symbol;
	struct thing *thing, *other;

	if (!unit->match || !unit->symbol_count || !unit->match->symbol_count)
		return;
	old = unit->symbols[0];
	new_symbol = unit->match->symbols[0];
	if (!strcmp(old->name, new_symbol->name) && !strpbrk(old->name, "."))
		return;
	if (old->binding != BINDING_LOCAL || new_symbol->binding != BINDING_LOCAL || !old->source_file ||
	    !new_symbol->source_file)
		return;
	thing = thing_of(&comparing->old, old);
	other = thing_of(&comparing->new_side, new_symbol);
	if (thing && other)
		pair(thing, other);
}

static void pair_as_objects_do(struct comparing *comparing)
{
	for (size_t i = 0; i < comparing->diff->pair_count; i++) {
		const struct object *old = comparing->diff->pairs[i].old;

		for (size_t u = 0; old && comparing->diff->pairs[i].new &&u < old->unit_count; u++)
			pair_correlated(comparing, &old->units[u]);
	}
}

static void list_tls_symbols(struct side *side, struct arena *arena)
{
	const struct image *image = side->image;

	side->tls_symbols = arena_array(arena, image->symbol_count + 1, sizeof(*side->tls_symbols));
	for (size_t i = 0; i < image->symbol_count; i++)
		if (image->symbols[i].kind == SYMBOL_TLS && image->symbols[i].defined &&
		    *image->symbols[i].name)
			side->tls_symbols[side->tls_symbol_count++] = &image->symbols[i];
}

void pair_things(struct comparing *comparing)
{
	name_list old = {0}, new_names = {0};

	fill_side(&comparing->old, comparing->old.image, comparing->arena, &old);
	fill_side(&comparing->new_side, comparing->new_side.image, comparing->arena, &new_names);
	list_tls_symbols(&comparing->old, comparing->arena);
	list_tls_symbols(&comparing->new_side, comparing->arena);
	pair_as_objects_do(comparing);
	pair_equal_names(&old, &new_names);
	keep_unpaired(&old);
	keep_unpaired(&new_names);
	pair_equal_names(&old, &new_names);
	free(old.at);
	free(new_names.at);
}

const struct thing *thing_over(const struct side *side, uint64_t vaddr)
{
	const struct thing *thing;
	size_t low = 0, high = side->thing_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (side->things[middle].vaddr <= vaddr)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return NULL;
	thing = &side->things[low - 1];
	return vaddr == thing->vaddr || vaddr - thing->vaddr < thing->size ? thing : NULL;
}
