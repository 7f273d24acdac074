// SPDX-License-Identifier: GPL-3.0-or-later
// The instructions of a changed function as a unified listing, equal stretches left out.
#include "diff/explain.h"

#include <stdlib.h>
#include <string.h>

// Both listings, what is left out of them, and their alignment.
struct view {
	const struct unit *old, *new_unit;
	struct listing old_list, new_list;
	bool *old_padding, *new_padding;
	struct alignment alignment;
};

static bool is_padding(const struct view *view, const struct step *step)
{
	return step->side == '-' ? view->old_padding[step->old] : view->new_padding[step->new_at];
}

// Room in front of what is jumped to changes with all that stands before it: nobody wants to read that.
static void leave_out_padding(struct view *view)
{
	struct alignment *all = &view->alignment;
	size_t count = 0, differing = 0;

	for (size_t i = 0; i < all->count; i++)
		differing += all->steps[i].side != ' ' && !is_padding(view, &all->steps[i]);
	for (size_t i = 0; differing && i < all->count; i++)
		if (!is_padding(view, &all->steps[i]))
			all->steps[count++] = all->steps[i];
	if (differing)
		all->count = count;
}

static struct view look(const struct unit *old, const struct unit *new_unit, struct arena *arena)
{
	struct view view = {.old = old, .new_unit = new_unit};

	if (old)
		view.old_list = disassemble(old, arena);
	if (new_unit)
		view.new_list = disassemble(new_unit, arena);
	view.old_padding = arena_array(arena, view.old_list.count + 1, sizeof(bool));
	view.new_padding = arena_array(arena, view.new_list.count + 1, sizeof(bool));
	mark_padding(old, &view.old_list, view.old_padding);
	mark_padding(new_unit, &view.new_list, view.new_padding);
	view.alignment = align(&view.old_list, &view.new_list, arena);
	leave_out_padding(&view);
	return view;
}

static void fill_line(struct patch_line *line, const struct unit *unit, const struct instruction *instruction,
		      struct arena *arena)
{
	line->text = instruction_text(instruction, arena);
	object_line(unit->object, unit->section, unit->offset + instruction->at, &line->file, &line->line);
}

static struct patch_line make_line(const struct view *view, const struct step *step, struct arena *arena)
{
	struct patch_line line = {.side = step->side};

	if (step->side == '-')
		fill_line(&line, view->old, &view->old_list.at[step->old], arena);
	else
		fill_line(&line, view->new_unit, &view->new_list.at[step->new_at], arena);
	line.old_at = step->old < view->old_list.count ? view->old_list.at[step->old].at
		      : view->old                      ? view->old->size
						       : 0;
	line.new_at = step->new_at < view->new_list.count ? view->new_list.at[step->new_at].at
		      : view->new_unit                    ? view->new_unit->size
							  : 0;
	return line;
}

struct patch unit_patch(const struct unit *old, const struct unit *new_unit, unsigned context,
			struct arena *arena)
{
	struct view view = look(old, new_unit, arena);
	struct patch patch = {.lines = arena_array(arena, view.alignment.count + 1, sizeof(*patch.lines))};
	// first differing step at or behind each
	size_t *next = arena_array(arena, view.alignment.count + 1, sizeof(*next));
	size_t last = 0, skipped = 0; // 1 + the last differing step

	next[view.alignment.count] = SIZE_MAX;
	for (size_t i = view.alignment.count; i-- > 0;)
		next[i] = view.alignment.steps[i].side != ' ' ? i : next[i + 1];
	for (size_t i = 0; i < view.alignment.count; i++) {
		const struct step *step = &view.alignment.steps[i];

		if (step->side != ' ')
			last = i + 1;
		if ((!last || i - last >= context) && (next[i] == SIZE_MAX || next[i] - i > context)) {
			skipped++;
			continue;
		}
		patch.lines[patch.count] = make_line(&view, step, arena);
		patch.lines[patch.count++].skipped = skipped;
		skipped = 0;
	}
	return patch;
}

bool patch_same_place(const struct patch_line *line, const struct patch_line *above)
{
	return above && above->file && line->file && line->line == above->line &&
	       !strcmp(line->file, above->file);
}
