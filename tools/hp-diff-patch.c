// SPDX-License-Identifier: GPL-3.0-or-later
// --patch: the instructions that differ, as git shows lines.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tools/hp-diff.h"

#define CONTEXT    3
#define TEXT_WIDTH 56

struct patch_view {
	const struct colors *colors;
	bool headed; // the object's header is printed
};

static void print_head(const struct pair *pair, struct patch_view *view)
{
	if (!view->headed)
		printf("%sdiff %s%s\n", view->colors->head, pair->path, view->colors->end);
	view->headed = true;
}

static const char *side_color(const struct colors *colors, char side)
{
	return side == '-' ? colors->old : side == '+' ? colors->new_text : "";
}

// The place is said where it is another than that of the line above.
static bool says_place(const struct patch_line *line, const struct patch_line *above)
{
	return line->file && !patch_same_place(line, above);
}

static void print_line(const struct colors *colors, const struct patch_line *line, bool place)
{
	const char *color = side_color(colors, line->side);
	int width = place ? TEXT_WIDTH : 0;

	if (line->side == ' ')
		printf(" %5" PRIx64 "  %-*s", line->new_at, width, line->text);
	else
		printf("%s%c%5" PRIx64 "  %-*s%s", color, line->side,
		       line->side == '-' ? line->old_at : line->new_at, width, line->text,
		       *color ? colors->end : "");
	if (place)
		printf("  %s%s:%u%s", colors->dim, line->file, line->line, colors->end);
	putchar('\n');
}

static void print_hunks(const struct unit *old, const struct unit *new_unit, const struct colors *colors)
{
	struct arena *arena = arena_new();
	struct patch patch = unit_patch(old, new_unit, CONTEXT, arena);

	for (size_t i = 0; i < patch.count; i++) {
		const struct patch_line *line = &patch.lines[i];
		bool head = !i || line->skipped;

		if (head)
			printf("%s@@ -0x%" PRIx64 " +0x%" PRIx64 " @@%s\n", colors->place, line->old_at,
			       line->new_at, colors->end);
		print_line(colors, line, says_place(line, head ? NULL : line - 1));
	}
	arena_free(arena);
}

static void print_changes(const struct unit *unit, const struct colors *colors)
{
	for (size_t i = 0; i < unit->change_count; i++) {
		const struct change *change = &unit->changes[i];

		// sizes stand in the title
		if (!change->text || (change->kind == CHANGE_SIZE && unit->kind == UNIT_FUNCTION))
			continue;
		fputs("# ", stdout);
		if (change->file)
			printf("%s%s:%u%s ", colors->place, change->file, change->line, colors->end);
		printf("%s\n", change->text);
	}
}

static void print_title(const struct unit *unit, const struct colors *colors)
{
	const struct unit *match = unit->match;

	printf("%s%s %s", colors->head, unit->kind == UNIT_FUNCTION ? "function" : "datum", unit->name);
	if (unit->status == UNIT_CHANGED && match)
		printf(", %" PRIu64 " → %" PRIu64 " bytes", match->size, unit->size);
	else
		printf(", %s, %" PRIu64 " bytes", unit->status == UNIT_NEW ? "new" : "removed", unit->size);
	printf("%s\n", colors->end);
}

static void print_parts(const struct unit *unit, const struct colors *colors)
{
	for (size_t i = 0; i < unit->part_count; i++) {
		const struct unit *part = unit->parts[i];

		if (part->kind != UNIT_FUNCTION || part->status == UNIT_SAME)
			continue;
		printf("%spart %s%s\n", colors->head, part->name, colors->end);
		if (part->status == UNIT_REMOVED)
			print_hunks(part, NULL, colors);
		else
			print_hunks(part->match, part, colors);
	}
}

static void print_function(const struct pair *pair, const struct unit *unit, void *arg)
{
	struct patch_view *view = arg;

	print_head(pair, view);
	print_title(unit, view->colors);
	print_changes(unit, view->colors);
	if (unit->status == UNIT_REMOVED)
		return; // its instructions say nothing about the new build
	print_hunks(unit->match, unit, view->colors);
	print_parts(unit, view->colors);
}

static void print_datum(const struct pair *pair, const struct unit *unit, void *arg)
{
	struct patch_view *view = arg;

	print_head(pair, view);
	print_title(unit, view->colors);
	print_changes(unit, view->colors);
	for (size_t i = 0; i < unit->change_count; i++) {
		const struct change *change = &unit->changes[i];

		if (change->old && unit->status == UNIT_CHANGED)
			printf("%s-%5" PRIx64 "  %s%s\n", view->colors->old, change->at_old, change->old,
			       view->colors->end);
		if (change->new && unit->status == UNIT_CHANGED)
			printf("%s+%5" PRIx64 "  %s%s\n", view->colors->new_text, change->at_new, change->new,
			       view->colors->end);
	}
}

static void print_match(const struct pair *pair, const struct unit *unit, void *arg)
{
	const struct patch_view *view = arg;

	(void)pair;
	if (view->headed && strcmp(unit->match->name, unit->name))
		printf("%s= %s is %s now, by %s%s\n", view->colors->dim, unit->match->name, unit->name,
		       unit->evidence, view->colors->end);
}

void show_patch(const struct diff *diff, const struct colors *colors)
{
	for (size_t i = 0; i < diff->pair_count; i++) {
		const struct pair *pair = &diff->pairs[i];
		struct patch_view view = {.colors = colors};

		if (pair->status == PAIR_NEW || pair->status == PAIR_REMOVED)
			printf("%sobject %s %s%s\n", colors->head, pair->path,
			       pair->status == PAIR_NEW ? "is new" : "is removed", colors->end);
		if (pair->status != PAIR_CHANGED)
			continue;
		each_difference(pair, UNIT_FUNCTION, print_function, &view);
		each_difference(pair, UNIT_DATUM, print_datum, &view);
		each_uncertain_match(pair, print_match, &view);
	}
}
