// SPDX-License-Identifier: GPL-3.0-or-later
// The listing people see first, and --stat.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tools/hp-diff.h"

#define NAME_WIDTH_MAX 44
#define MOVED_SHOWN    3 // functions named in the line of those that did not change

// A line of the table, cut into columns so that they can be aligned.
struct row {
	char letter;
	const char *name, *size, *place, *why;
};

struct table {
	struct arena *arena;
	VEC(struct row) rows;
};

bool is_shown(const struct unit *unit)
{
	return (unit->kind == UNIT_FUNCTION || unit->kind == UNIT_DATUM) && !unit->owner && *unit->name;
}

char status_letter(enum unit_status status)
{
	return status == UNIT_NEW ? 'A' : status == UNIT_REMOVED ? 'D' : 'M';
}

void each_difference(const struct pair *pair, enum unit_kind kind,
		     void (*show)(const struct pair *pair, const struct unit *unit, void *arg), void *arg)
{
	const struct object *sides[] = {pair->new, pair->old};
	static const bool removed[] = {false, true};

	for (size_t s = 0; s < ARRAY_SIZE(sides); s++) {
		for (size_t i = 0; sides[s] && i < sides[s]->unit_count; i++) {
			const struct unit *unit = &sides[s]->units[i];

			if (unit->kind == kind && is_shown(unit) && unit->status != UNIT_SAME &&
			    (unit->status == UNIT_REMOVED) == removed[s])
				show(pair, unit, arg);
		}
	}
}

void each_uncertain_match(const struct pair *pair,
			  void (*show)(const struct pair *pair, const struct unit *unit, void *arg),
			  void *arg)
{
	for (size_t i = 0; pair->new &&i < pair->new->unit_count; i++) {
		const struct unit *unit = &pair->new->units[i];

		if ((unit->kind == UNIT_FUNCTION || unit->kind == UNIT_DATUM) && unit->match &&
		    unit->evidence && strcmp(unit->evidence, "name"))
			show(pair, unit, arg);
	}
}

// Characters on the screen: UTF-8 continuation bytes take no room.
static int width_of(const char *text)
{
	int width = 0;

	for (; *text; text++)
		width += (*text & 0xc0) != 0x80;
	return width;
}

static void put_padded(const char *text, int width)
{
	fputs(text, stdout);
	for (int i = width_of(text); i < width; i++)
		putchar(' ');
}

// ---- rows -----------------------------------------------------------------------------------------

static const char *size_text(struct arena *arena, const struct unit *unit)
{
	if (unit->status == UNIT_CHANGED && unit->match && unit->match->size != unit->size)
		return arena_printf(arena, "%" PRIu64 " → %" PRIu64 " bytes", unit->match->size, unit->size);
	return arena_printf(arena, "%" PRIu64 " bytes", unit->size);
}

// Sizes have a column of their own.
static size_t count_reasons(const struct unit *unit)
{
	size_t count = 0;

	for (size_t i = 0; i < unit->change_count; i++)
		count += unit->changes[i].kind != CHANGE_SIZE;
	return count;
}

static void add_row(const struct pair *pair, const struct unit *unit, void *arg)
{
	struct table *table = arg;
	const struct change *change = unit->change_count ? &unit->changes[0] : NULL;
	struct row row = {.letter = status_letter(unit->status), .name = unit->name, .place = "", .why = ""};

	(void)pair;
	row.size = size_text(table->arena, unit);
	if (change && change->file)
		row.place = arena_printf(table->arena, "%s:%u", change->file, change->line);
	if (change && change->text)
		row.why = change->text;
	if (unit->kind == UNIT_DATUM)
		row.why = arena_printf(table->arena, "%s%s%s", unit->section->name, *row.why ? ", " : "",
				       row.why);
	else if (count_reasons(unit) > 1)
		row.why = arena_printf(table->arena, "%s (and %zu more)", row.why, count_reasons(unit) - 1);
	*vec_push(&table->rows) = row;
}

static const char *letter_color(const struct colors *colors, char letter)
{
	return letter == 'D' ? colors->old : letter == 'A' ? colors->new_text : "";
}

static void print_table(const struct table *table, const struct colors *colors)
{
	int name = 0, size = 0, place = 0;

	for (size_t i = 0; i < table->rows.count; i++) {
		const struct row *row = &table->rows.at[i];
		int width = width_of(row->name);

		if (width > name && width <= NAME_WIDTH_MAX)
			name = width;
		if (width_of(row->size) > size)
			size = width_of(row->size);
		if (width_of(row->place) > place)
			place = width_of(row->place);
	}
	for (size_t i = 0; i < table->rows.count; i++) {
		const struct row *row = &table->rows.at[i];
		const char *color = letter_color(colors, row->letter);

		printf("  %s%c ", color, row->letter);
		put_padded(row->name, name);
		fputs(*color ? colors->end : "", stdout);
		fputs("  ", stdout);
		put_padded(row->size, *row->place || *row->why ? size : 0);
		if (*row->place || (place && *row->why)) {
			printf("  %s", colors->place);
			put_padded(row->place, *row->why ? place : 0);
			fputs(colors->end, stdout);
		}
		if (*row->why)
			printf("  %s", row->why);
		putchar('\n');
	}
}

// ". f, g: only __LINE__ moved (1034→1059, 894→906): no change"; of many the first few, JSON has them all.
static void print_suppressed(const struct pair *pair, const struct colors *colors)
{
	size_t functions = 0, values = 0;
	const char *last = "";

	if (!pair->suppressed_count)
		return;
	printf("  %s. ", colors->dim);
	for (size_t i = 0; i < pair->suppressed_count; i++) {
		if (!strcmp(pair->suppressed[i].function, last))
			continue;
		last = pair->suppressed[i].function;
		if (functions++ < MOVED_SHOWN)
			printf("%s%s", functions > 1 ? ", " : "", last);
	}
	if (functions > MOVED_SHOWN)
		printf(" and %zu more", functions - MOVED_SHOWN);
	printf(": only %s moved (", pair->suppressed[0].what);
	for (; values < pair->suppressed_count && values < MOVED_SHOWN; values++)
		printf("%s%ld→%ld", values ? ", " : "", pair->suppressed[values].old,
		       pair->suppressed[values].new);
	printf("%s): no change%s\n", values < pair->suppressed_count ? ", ..." : "", colors->end);
}

static void print_pair(const struct pair *pair, const struct colors *colors)
{
	struct table table = {.arena = arena_new()};

	if (pair->status == PAIR_SAME || pair->status == PAIR_FAILED) {
		if (pair->status == PAIR_SAME && pair->suppressed_count) {
			printf("%s%s%s\n", colors->head, pair->path, colors->end);
			print_suppressed(pair, colors);
		}
		arena_free(table.arena);
		return;
	}
	printf("%s%s%s%s\n", colors->head, pair->path, colors->end,
	       pair->status == PAIR_NEW       ? " (new)"
	       : pair->status == PAIR_REMOVED ? " (removed)"
					      : "");
	if (pair->status == PAIR_CHANGED) {
		each_difference(pair, UNIT_FUNCTION, add_row, &table);
		each_difference(pair, UNIT_DATUM, add_row, &table);
	}
	print_table(&table, colors);
	print_suppressed(pair, colors);
	free(table.rows.at);
	arena_free(table.arena);
}

// ---- the summary ----------------------------------------------------------------------------------

struct counts {
	size_t changed, added, removed;
};

static void count_unit(const struct pair *pair, const struct unit *unit, void *arg)
{
	struct counts *counts = arg;

	(void)pair;
	counts->changed += unit->status == UNIT_CHANGED;
	counts->added += unit->status == UNIT_NEW;
	counts->removed += unit->status == UNIT_REMOVED;
}

// "GCC: (Debian 12.2.0-14+deb12u1) 12.2.0" and "clang version 14.0.6": the word in front, the number behind.
const char *compiler_name(const char *comment, char *buffer, size_t size)
{
	const char *last = strrchr(comment, ' ');

	if (!strncmp(comment, "GCC: (", 6) && last)
		snprintf(buffer, size, "GCC %s", last + 1);
	else
		snprintf(buffer, size, "%s", comment);
	return buffer;
}

static void print_compiler(const struct diff *diff)
{
	const char *known = NULL;
	char name[80], other[80];

	for (size_t i = 0; i < diff->pair_count; i++) {
		const struct pair *pair = &diff->pairs[i];

		if (!pair->old || !pair->new || !pair->old->compiler || !pair->new->compiler)
			continue;
		if (strcmp(pair->old->compiler, pair->new->compiler)) {
			printf("compiler: differs, %s → %s (%s)\n",
			       compiler_name(pair->old->compiler, name, sizeof(name)),
			       compiler_name(pair->new->compiler, other, sizeof(other)), pair->path);
			return;
		}
		known = pair->new->compiler;
	}
	if (known)
		printf("compiler: same on both sides (%s)\n", compiler_name(known, name, sizeof(name)));
	else
		printf("compiler: unknown\n");
}

// A structure changed in a header shows in every object that includes it: each is named once.
static void print_types(const struct diff *diff)
{
	struct arena *arena = arena_new();
	struct strmap *said = strmap_new();
	bool unknown = false;

	for (size_t i = 0; i < diff->pair_count; i++) {
		const struct pair *pair = &diff->pairs[i];
		struct type_change *changes;
		size_t count;

		if (pair->status != PAIR_CHANGED)
			continue;
		unknown |= !pair_has_types(pair->old, pair->new);
		changes = object_type_changes(pair->old, pair->new, arena, &count);
		for (size_t k = 0; k < count; k++) {
			if (strmap_get(said, changes[k].name))
				continue;
			*strmap_put(said, changes[k].name) = said;
			printf("%s%s", strmap_count(said) > 1 ? ", " : "types: ", changes[k].name);
		}
	}
	printf("%s    ", strmap_count(said) ? " changed"
			 : unknown          ? "types: unknown"
					    : "types: none changed");
	strmap_free(said);
	arena_free(arena);
}

static void print_summary(const struct diff *diff)
{
	struct counts data = {0};

	for (size_t i = 0; i < diff->pair_count; i++)
		if (diff->pairs[i].status == PAIR_CHANGED)
			each_difference(&diff->pairs[i], UNIT_DATUM, count_unit, &data);
	if (data.changed || data.added || data.removed)
		printf("data: %zu changed, %zu new, %zu removed    ", data.changed, data.added, data.removed);
	else
		printf("data: none    ");
	print_types(diff);
	print_compiler(diff);
}

static void print_refusals(struct diags *diags, const struct colors *colors)
{
	for (size_t i = 0; i < diags_count(diags); i++) {
		const struct diag *diag = diags_at(diags, i);

		if (diag->severity != DIAG_REFUSAL)
			continue;
		printf("%shp-build would refuse:%s ", colors->old, colors->end);
		if (diag->file && diag->line)
			printf("%s:%u: ", diag->file, diag->line);
		else if (diag->object)
			printf("%s: ", diag->object);
		if (diag->section && !diag->file)
			printf("%s: ", diag->section);
		if (diag->symbol && !diag->file)
			printf("%s: ", diag->symbol);
		printf("%s [%s]\n", diag->message, diag->code);
	}
}

void show_list(const struct diff *diff, struct diags *diags, const struct colors *colors)
{
	printf("%zu object%s compared, %zu differ%s, %zu new, %zu removed\n", diff->compared,
	       diff->compared == 1 ? "" : "s", diff->differing, diff->differing == 1 ? "s" : "", diff->added,
	       diff->removed);
	for (size_t i = 0; i < diff->pair_count; i++)
		print_pair(&diff->pairs[i], colors);
	if (diff->differing)
		print_summary(diff);
	print_refusals(diags, colors);
}

// ---- --stat ---------------------------------------------------------------------------------------

struct stat_total {
	struct counts counts;
	long bytes;
};

static void count_bytes(const struct pair *pair, const struct unit *unit, void *arg)
{
	struct stat_total *total = arg;

	count_unit(pair, unit, &total->counts);
	if (unit->status == UNIT_REMOVED)
		total->bytes -= (long)unit->size;
	else
		total->bytes += (long)unit->size - (unit->match ? (long)unit->match->size : 0);
}

static void print_stat_line(const struct pair *pair, int width, const struct colors *colors)
{
	struct stat_total functions = {0}, data = {0};

	putchar(' ');
	put_padded(pair->path, width);
	if (pair->status == PAIR_NEW || pair->status == PAIR_REMOVED) {
		printf(" | %s\n", pair->status == PAIR_NEW ? "new" : "removed");
		return;
	}
	each_difference(pair, UNIT_FUNCTION, count_bytes, &functions);
	each_difference(pair, UNIT_DATUM, count_bytes, &data);
	printf(" | functions: %zu changed, %s%zu new%s, %s%zu removed%s, %+ld bytes",
	       functions.counts.changed, colors->new_text, functions.counts.added, colors->end, colors->old,
	       functions.counts.removed, colors->end, functions.bytes);
	if (data.counts.changed || data.counts.added || data.counts.removed)
		printf("; data: %zu changed, %zu new, %zu removed", data.counts.changed, data.counts.added,
		       data.counts.removed);
	putchar('\n');
}

void show_stat(const struct diff *diff, const struct colors *colors)
{
	int width = 0;

	for (size_t i = 0; i < diff->pair_count; i++) {
		const struct pair *pair = &diff->pairs[i];

		if (pair->status != PAIR_SAME && pair->status != PAIR_FAILED && width_of(pair->path) > width)
			width = width_of(pair->path);
	}
	for (size_t i = 0; i < diff->pair_count; i++)
		if (diff->pairs[i].status != PAIR_SAME && diff->pairs[i].status != PAIR_FAILED)
			print_stat_line(&diff->pairs[i], width, colors);
	if (diff->differing || diff->added || diff->removed)
		printf(" %zu object%s changed, %zu new, %zu removed, of %zu\n", diff->differing,
		       diff->differing == 1 ? "" : "s", diff->added, diff->removed, diff->compared);
}
