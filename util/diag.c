// SPDX-License-Identifier: GPL-3.0-or-later
// The list of findings and how one is printed.
#include "util/util.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct diags {
	pthread_mutex_t lock;
	struct arena *arena;
	VEC(struct diag) list;
};

struct diags *diags_new(void)
{
	struct diags *diags = xalloc(sizeof(*diags));

	memset(diags, 0, sizeof(*diags));
	pthread_mutex_init(&diags->lock, NULL);
	diags->arena = arena_new();
	return diags;
}

void diags_free(struct diags *diags)
{
	if (!diags)
		return;
	arena_free(diags->arena);
	free(diags->list.at);
	pthread_mutex_destroy(&diags->lock);
	free(diags);
}

static const char *keep(struct arena *arena, const char *text)
{
	return text ? arena_strdup(arena, text) : NULL;
}

void diags_add(struct diags *diags, const struct diag *place, const char *format, ...)
{
	struct diag diag = *place;
	va_list arguments;
	char *text;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		abort();
	va_end(arguments);
	pthread_mutex_lock(&diags->lock);
	diag.code = keep(diags->arena, diag.code);
	diag.object = keep(diags->arena, diag.object);
	diag.section = keep(diags->arena, diag.section);
	diag.symbol = keep(diags->arena, diag.symbol);
	diag.file = keep(diags->arena, diag.file);
	diag.message = keep(diags->arena, text);
	*vec_push(&diags->list) = diag;
	pthread_mutex_unlock(&diags->lock);
	free(text);
}

size_t diags_count(const struct diags *diags)
{
	return diags->list.count;
}

const struct diag *diags_at(const struct diags *diags, size_t i)
{
	return &diags->list.at[i];
}

struct diag *diags_edit(struct diags *diags, size_t i)
{
	return &diags->list.at[i];
}

bool diags_has(const struct diags *diags, enum severity severity)
{
	for (size_t i = 0; i < diags->list.count; i++)
		if (diags->list.at[i].severity == severity && !diags->list.at[i].allowed)
			return true;
	return false;
}

static int compare_texts(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

static int compare_diags(const void *left, const void *right)
{
	const struct diag *a = left, *b = right;
	int order;

	if ((order = compare_texts(a->object, b->object)) ||
	    (order = compare_texts(a->section, b->section)) ||
	    (order = compare_texts(a->symbol, b->symbol)) || (order = compare_texts(a->file, b->file)))
		return order;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	if (a->severity != b->severity)
		return a->severity > b->severity ? -1 : 1;
	if ((order = compare_texts(a->code, b->code)))
		return order;
	return compare_texts(a->message, b->message);
}

void diags_sort(struct diags *diags)
{
	size_t kept = 0;

	if (!diags->list.count)
		return;
	qsort(diags->list.at, diags->list.count, sizeof(*diags->list.at), compare_diags);
	for (size_t i = 0; i < diags->list.count; i++)
		if (!kept || compare_diags(&diags->list.at[kept - 1], &diags->list.at[i]))
			diags->list.at[kept++] = diags->list.at[i];
	diags->list.count = kept;
}

void diag_print(FILE *to, const char *program, const struct diag *diag)
{
	const char *kind = diag->severity == DIAG_WARNING ? "warning: " : diag->allowed ? "allowed: " : "";

	if (diag->file && diag->line) {
		fprintf(to, "%s:%u: %s", diag->file, diag->line, *kind ? kind : "error: ");
	} else {
		fprintf(to, "%s: ", program);
		if (diag->object)
			fprintf(to, "%s: ", diag->object);
		if (diag->section)
			fprintf(to, "%s: ", diag->section);
		if (diag->symbol)
			fprintf(to, "%s: ", diag->symbol);
		fputs(kind, to);
	}
	fprintf(to, "%s [%s]\n", diag->message, diag->code);
}
