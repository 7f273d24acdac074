// SPDX-License-Identifier: GPL-3.0-or-later
// hp-diff KB.hp: what a package says it changes. It holds no old code, so there are names and sizes, no reasons.
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "formats/hp.h"
#include "tools/hp-diff.h"

// One function or datum of a package; the same one for several images is listed once.
struct item {
	const char *object, *name;
	uint64_t old_size, new_size;
	bool datum;
};

typedef VEC(struct item) item_list;

static int compare_items(const void *left, const void *right)
{
	const struct item *a = left, *b = right;
	int order = strcmp(a->object, b->object);

	if (!order)
		order = a->datum - b->datum;
	return order ? order : strcmp(a->name, b->name);
}

static const char *text_or_empty(const char *text)
{
	return text ? text : "";
}

static void collect_target(struct hp_package *package, size_t index, item_list *items)
{
	const struct hp_target *target = hp_target(package, index);

	for (size_t i = 0; i < target->function_count; i++) {
		const struct hp_function *function = &target->functions[i];
		struct hp_symbol symbol = {0};

		hp_symbol(package, index, function->symbol, &symbol, NULL);
		*vec_push(items) = (struct item){.object = text_or_empty(function->object),
						 .name = text_or_empty(function->name),
						 .old_size = function->old_size,
						 .new_size = symbol.size};
	}
	for (size_t i = 0; i < target->state_count; i++)
		*vec_push(items) = (struct item){.object = text_or_empty(target->states[i].object),
						 .name = text_or_empty(target->states[i].name),
						 .new_size = target->states[i].size,
						 .datum = true};
}

static item_list collect(struct hp_package *package)
{
	item_list items = {0};
	size_t kept = 0;

	for (size_t i = 0; i < hp_target_count(package); i++)
		collect_target(package, i, &items);
	if (items.count)
		qsort(items.at, items.count, sizeof(*items.at), compare_items);
	for (size_t i = 0; i < items.count; i++)
		if (!kept || compare_items(&items.at[kept - 1], &items.at[i]))
			items.at[kept++] = items.at[i];
	items.count = kept;
	return items;
}

static void show_items(const item_list *items, const struct colors *colors)
{
	const char *object = NULL;

	for (size_t i = 0; i < items->count; i++) {
		const struct item *item = &items->at[i];

		if (!object || strcmp(object, item->object))
			printf("%s%s%s\n", colors->head, item->object, colors->end);
		object = item->object;
		if (item->datum)
			printf("  %sA %s%s  %" PRIu64 " bytes, data\n", colors->new_text, item->name,
			       colors->end, item->new_size);
		else
			printf("  M %s  %" PRIu64 " → %" PRIu64 " bytes\n", item->name, item->old_size,
			       item->new_size);
	}
}

static void show_counts(const item_list *items)
{
	for (size_t i = 0, next; i < items->count; i = next) {
		size_t functions = 0, data = 0;

		for (next = i; next < items->count && !strcmp(items->at[next].object, items->at[i].object);
		     next++)
			*(items->at[next].datum ? &data : &functions) += 1;
		printf(" %s | functions: %zu changed; data: %zu new\n", items->at[i].object, functions, data);
	}
}

static json_t *item_value(const struct item *item)
{
	json_t *value = json_object();

	json_object_set_new(value, "name", text_value(item->name));
	json_object_set_new(value, "status", json_string(item->datum ? "new" : "changed"));
	if (item->datum) {
		json_object_set_new(value, "section", json_string(""));
	} else {
		json_object_set_new(value, "old_size", json_integer((json_int_t)item->old_size));
		json_object_set_new(value, "new_size", json_integer((json_int_t)item->new_size));
	}
	json_object_set_new(value, "reason", json_array());
	return value;
}

static bool show_document(const item_list *items)
{
	static const char *const empty[] = {"types", "suppressed", "refusals", "warnings", "errors"};
	json_t *document = json_object(), *objects = json_array();
	bool written;

	for (size_t i = 0, next; i < items->count; i = next) {
		json_t *object = json_object(), *functions = json_array(), *data = json_array();

		for (next = i; next < items->count && !strcmp(items->at[next].object, items->at[i].object);
		     next++)
			json_array_append_new(items->at[next].datum ? data : functions,
					      item_value(&items->at[next]));
		json_object_set_new(object, "path", text_value(items->at[i].object));
		json_object_set_new(object, "status", json_string("changed"));
		json_object_set_new(object, "functions", functions);
		json_object_set_new(object, "data", data);
		json_array_append_new(objects, object);
	}
	json_object_set_new(document, "schema", json_integer(1));
	json_object_set_new(document, "objects", objects);
	for (size_t i = 0; i < ARRAY_SIZE(empty); i++)
		json_object_set_new(document, empty[i], json_array());
	written = !json_dumpf(document, stdout, JSON_INDENT(2)) && putchar('\n') != EOF;
	json_decref(document);
	return written;
}

bool show_package(const char *path, enum form form, const struct colors *colors)
{
	struct hp_package *package;
	struct hp_error error;
	item_list items;

	if (hp_open(path, &package, &error)) {
		fprintf(stderr, "hp-diff: %s: %s [%s]\n", path, error.message, hp_status_text(error.status));
		return false;
	}
	items = collect(package);
	if (form == FORM_JSON)
		show_document(&items);
	else if (form == FORM_STAT)
		show_counts(&items);
	else
		show_items(&items, colors);
	free(items.at);
	hp_close(package);
	return true;
}
