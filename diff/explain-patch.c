// SPDX-License-Identifier: GPL-3.0-or-later
// The instructions of a changed function as a unified listing, equal stretches left out.
#include "diff/explain.h"

#include <stdlib.h>
#include <string.h>

static void fill_line(struct patch_line *line, const struct unit *unit, const struct instruction *instruction)
{
	line->text = instruction->text;
	object_line(unit->object, unit->section, unit->offset + instruction->at, &line->file, &line->line);
}

struct patch unit_patch(const struct unit *old, const struct unit *new_unit, unsigned context,
			struct arena *arena)
{
	struct listing old_list = {0}, new_list = {0};
	struct patch patch = {0};
	struct alignment alignment;
	size_t last = 0, skipped = 0; // 1 + the last differing step
	size_t *next;

	if (old)
		old_list = disassemble(old, arena);
	if (new_unit)
		new_list = disassemble(new_unit, arena);
	alignment = align(&old_list, &new_list, arena);
	patch.lines = arena_array(arena, alignment.count + 1, sizeof(*patch.lines));
	next = arena_array(arena, alignment.count + 1,
			   sizeof(*next)); // first differing step at or behind each
	next[alignment.count] = SIZE_MAX;
	for (size_t i = alignment.count; i-- > 0;)
		next[i] = alignment.steps[i].side != ' ' ? i : next[i + 1];
	for (size_t i = 0; i < alignment.count; i++) {
		const struct step *step = &alignment.steps[i];
		struct patch_line line = {.side = step->side};

		if (step->side != ' ')
			last = i + 1;
		if ((!last || i - last >= context) && (next[i] == SIZE_MAX || next[i] - i > context)) {
			skipped++;
			continue;
		}
		if (step->side == '-')
			fill_line(&line, old, &old_list.at[step->old]);
		else
			fill_line(&line, new_unit, &new_list.at[step->new_at]);
		line.old_at = step->old < old_list.count ? old_list.at[step->old].at : old ? old->size : 0;
		line.new_at = step->new_at < new_list.count ? new_list.at[step->new_at].at
			      : new_unit                    ? new_unit->size
							    : 0;
		line.skipped = skipped;
		skipped = 0;
		patch.lines[patch.count++] = line;
	}
	return patch;
}
