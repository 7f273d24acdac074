// SPDX-License-Identifier: GPL-3.0-or-later
// Refusals that need an image, how one is said, and how --allow overrides it.
#include <string.h>

#include "create/builder.h"

void refuse(struct target *target, const struct unit *unit, const char *code, const char *format, ...)
{
	struct diag place = {.severity = DIAG_REFUSAL, .code = code};
	va_list arguments;
	char text[1000];

	if (unit) {
		place.object = unit->object->path;
		place.section = unit->section ? unit->section->name : NULL;
		place.symbol = *unit->name ? unit->name : NULL;
		if (unit->kind == UNIT_FUNCTION &&
		    !object_line(unit->object, unit->section, unit->offset, &place.file, &place.line))
			place.file = NULL;
	} else {
		place.object = target->path;
	}
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	diags_add(target->diags, &place, "%s", text);
}

// "CODE" or "CODE:SYMBOL".
static bool allows(const char *allowed, const struct diag *diag)
{
	size_t length = strlen(diag->code);

	if (strncmp(allowed, diag->code, length))
		return false;
	if (!allowed[length])
		return true;
	return allowed[length] == ':' && diag->symbol && !strcmp(allowed + length + 1, diag->symbol);
}

void apply_allowed(struct diags *diags, const struct build_options *options)
{
	for (size_t i = 0; i < diags_count(diags); i++) {
		struct diag *diag = diags_edit(diags, i);

		if (diag->severity != DIAG_REFUSAL)
			continue;
		for (size_t a = 0; a < options->allow_count; a++)
			diag->allowed |= allows(options->allow[a], diag);
	}
}

void check_members(struct target *target)
{
	for (size_t i = 0; i < target->members.count; i++) {
		const struct unit *unit = target->members.at[i]->unit;

		if (unit->has_lsda)
			refuse(target, unit, "exception-tables",
			       "function has a language-specific data area, which in-process unwinders would "
			       "not find; build it "
			       "without exceptions");
		if (unit->symbol_count && unit->symbols[0]->kind == SYMBOL_IFUNC)
			refuse(target, unit, "ifunc-changed",
			       "indirect function is new or changed; its resolver ran already, restart to "
			       "get the new choice");
	}
}
