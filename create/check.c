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
	// A source place takes the symbol's place in the printed line.
	diags_add(target->diags, &place, "%s%s%s", place.file ? unit->name : "", place.file ? " " : "", text);
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

// ---- tables that the linker puts together ----------------------------------------------------------------------
// A section whose name is a C identifier gets __start_NAME and __stop_NAME: the program walks it without naming what
// is in it, so nothing in the objects refers to an entry.

static bool is_linker_table(const struct section *section)
{
	const char *name = section->name;

	// -fpatchable-function-entry's table is for tracers; programs do not walk it.
	if (!(section->flags & SECTION_ALLOC) || !section->size || section->role != ROLE_DATA ||
	    !strcmp(name, "__patchable_function_entries") || (*name >= '0' && *name <= '9'))
		return false;
	return strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789") ==
	       strlen(name);
}

static const struct section *table_named(const struct object *object, const char *name)
{
	for (size_t i = 1; i < object->section_count; i++)
		if (is_linker_table(&object->sections[i]) && !strcmp(object->sections[i].name, name))
			return &object->sections[i];
	return NULL;
}

static bool same_units(const struct section *old, const struct section *new_section)
{
	if (old->unit_count != new_section->unit_count)
		return false;
	for (size_t i = 0; i < new_section->unit_count; i++) {
		const struct unit *unit = new_section->units[i];

		if (unit->status != UNIT_SAME || (unit->symbol_count && !unit->match))
			return false;
	}
	return true;
}

// Does a field of the table mean what it did? Then the thing it names may have changed: it is redirected, not the table.
static bool same_reloc(const struct reloc *old, const struct reloc *new_reloc)
{
	if (old->offset != new_reloc->offset || old->info != new_reloc->info ||
	    old->target_offset != new_reloc->target_offset || !old->target != !new_reloc->target)
		return false;
	return old->target ? new_reloc->target->match == old->target
			   : !strcmp(old->symbol->name, new_reloc->symbol->name);
}

// Without symbols nothing was correlated (the kernel's __tracepoints_ptrs, written by an asm statement): the bytes must be
// the same, and each address be that of the same thing.
static bool same_bytes(const struct section *old, const struct section *new_section)
{
	bool unnamed = false;

	for (size_t i = 0; i < new_section->unit_count; i++)
		unnamed |= !new_section->units[i]->symbol_count;
	if (!unnamed)
		return true;
	if (old->reloc_count != new_section->reloc_count || old->size != new_section->size || !old->data ||
	    !new_section->data || memcmp(old->data, new_section->data, old->size) != 0)
		return false;
	for (size_t i = 0; i < old->reloc_count; i++)
		if (!same_reloc(&old->relocs[i], &new_section->relocs[i]))
			return false;
	return true;
}

/*
 * Tables of the kernel that nothing need be taken out of, and whose new entries come with the payload, or are of no use to
 * what runs. __dyndbg: descriptors of pr_debug(), with their lines; the loader takes a module's own (kernel/module/main.c).
 * __ksymtab_strings: names of exports; modules that run were linked with those that were there. __tracepoint_str: texts that
 * programs look up which read traces in binary form (tracepoint_string()); code has the texts themselves.
 */
static bool may_differ(const struct target *target, const struct section *section)
{
	return target->image->kernel &&
	       (!strcmp(section->name, "__dyndbg") || !strcmp(section->name, "__ksymtab_strings") ||
		!strcmp(section->name, "__tracepoint_str"));
}

static void check_table(struct target *target, const struct piece *piece, const struct section *section,
			bool gone)
{
	const struct section *old = table_named(piece->old, section->name);
	struct diag place = {.severity = DIAG_REFUSAL,
			     .code = "section-unsupported",
			     .object = piece->pair->path,
			     .section = section->name};

	if (may_differ(target, section) ||
	    (!gone && old && same_units(old, section) && same_bytes(old, section)))
		return;
	diags_add(target->diags, &place,
		  "a table that the linker puts together differs; the running program walks the one it has, "
		  "so add to it "
		  "in code, or restart");
}

void check_tables(struct target *target)
{
	for (size_t i = 0; i < target->pieces.count; i++) {
		const struct piece *piece = &target->pieces.at[i];

		for (size_t s = 1; piece->old && s < piece->new->section_count; s++)
			if (is_linker_table(&piece->new->sections[s]))
				check_table(target, piece, &piece->new->sections[s], false);
		for (size_t s = 1; piece->old && s < piece->old->section_count; s++)
			if (is_linker_table(&piece->old->sections[s]) &&
			    !table_named(piece->new, piece->old->sections[s].name))
				check_table(target, piece, &piece->old->sections[s], true);
	}
}

// ---- definitions that moved ------------------------------------------------------------------------------------

static bool linked_into(const struct image *image, const struct object *object)
{
	for (size_t i = 0; i < image->symbol_count; i++)
		if (image->symbols[i].file && object->source_file &&
		    !strcmp(image->symbols[i].file, object->source_file))
			return true;
	return false;
}

// An object that only NEW has defines what the old image has from elsewhere: a renamed file, or a function that moved.
// Unchanged code goes on calling the old one, which was not compared with anything.
void check_moved(struct target *target)
{
	for (size_t i = 0; i < target->pieces.count; i++) {
		const struct piece *piece = &target->pieces.at[i];
		size_t count;

		if (piece->old || !target->new_image || !linked_into(target->new_image, piece->new))
			continue;
		for (size_t u = 0; u < piece->new->unit_count; u++) {
			const struct unit *unit = &piece->new->units[u];

			if ((unit->kind != UNIT_FUNCTION && unit->kind != UNIT_DATUM) ||
			    !unit->symbol_count || unit->symbols[0]->binding != BINDING_GLOBAL)
				continue;
			image_find(target->image, unit->name, &count);
			if (count)
				refuse(target, unit, "object-missing",
				       "is defined by another object in the old build; keep objects and "
				       "their paths the "
				       "same on both sides");
		}
	}
}

// ---- unwinding inside the process ------------------------------------------------------------------------------

// A personality routine runs landing pads and clean-ups (Itanium C++ ABI, "Exception Handling", 1.6). Static programs
// always hold that of C, for the C library's own use.
static bool unwinds_itself(const struct image *image)
{
	size_t count;

	for (size_t i = 1; i < image->dynamic_count; i++)
		if (!strcmp(image->dynamic[i].name, "__gxx_personality_v0") ||
		    !strcmp(image->dynamic[i].name, "__gcc_personality_v0"))
			return true;
	image_find(image, "__gxx_personality_v0", &count);
	return count;
}

// A function that calls nothing is never between a throw and its catch.
static bool may_call(struct target *target, const struct unit *unit)
{
	const uint8_t *code = unit->section->data + unit->offset;

	for (uint64_t at = 0; at < unit->size;) {
		struct instruction instruction;

		if (!decode(target->decoder, code + at, unit->size - at, at, &instruction) ||
		    instruction.flow == FLOW_CALL || instruction.flow == FLOW_INDIRECT_CALL)
			return true;
		at += instruction.length;
	}
	return false;
}

/*
 * In-process unwinders know new code by nothing: a throw that passes it ends in terminate(), and pthread_cancel()
 * leaves out the clean-ups of its callers. So in an image that catches or cleans up, new code must not be able to stand
 * between the two.
 */
static void check_unwinding(struct target *target)
{
	if (!unwinds_itself(target->image))
		return;
	for (size_t i = 0; i < target->members.count; i++) {
		const struct unit *unit = target->members.at[i]->unit;

		if (unit->kind == UNIT_FUNCTION && !unit->has_lsda && may_call(target, unit))
			refuse(target, unit, "exception-tables",
			       "may be passed by an exception or pthread_cancel(): this image catches or "
			       "cleans up, and in-process unwinders stop at new code; restart, or allow it "
			       "where nothing is thrown "
			       "through it");
	}
}

// What a library's functions return goes to programs that are not looked at.
static void check_handed_out(struct target *target)
{
	for (size_t i = 0; i < target->diff->handed_out_count && !target->image->executable; i++) {
		const struct handed_out *out = &target->diff->handed_out[i];

		if (member_find(target, out->datum) && image_export(target->image, out->function))
			refuse(target, out->datum, "data-changed",
			       "is a changed constant, and %s(), which the library exports, returns its "
			       "address: programs "
			       "may have kept it; allow it where none does",
			       out->function);
	}
}

// Programs and other libraries call what a library exports as it was when they were compiled.
static void check_exported_call(struct target *target, const struct member *member)
{
	const char *before, *after;

	if (member->old && member->unit->kind == UNIT_FUNCTION && !target->image->executable &&
	    image_export(target->image, member->old->name) &&
	    function_is_called_otherwise(member->old, member->unit, target->arena, &before, &after))
		refuse(target, member->unit, "signature-changed",
		       "was %s and is %s, and the library exports it: programs call it as it was; give the "
		       "new form "
		       "another name",
		       before, after);
}

// Programs and other libraries read a constant of a library by its name, or have a copy of it.
static void check_exported(struct target *target, const struct unit *unit)
{
	if (unit->kind == UNIT_DATUM && unit->match && unit->status == UNIT_CHANGED &&
	    !target->image->executable && unit->symbol_count && unit->symbols[0]->binding != BINDING_LOCAL &&
	    image_export(target->image, unit->name))
		refuse(target, unit, "data-changed",
		       "is a changed constant that the library exports: programs and other libraries may "
		       "read the "
		       "old one; allow it where none does");
}

void check_members(struct target *target)
{
	check_unwinding(target);
	check_handed_out(target);
	for (size_t i = 0; i < target->members.count; i++) {
		const struct unit *unit = target->members.at[i]->unit;

		check_exported(target, unit);
		check_exported_call(target, target->members.at[i]);
		if (unit->has_lsda)
			refuse(target, unit, "exception-tables",
			       "has a language-specific data area, which in-process unwinders would "
			       "not find; build it "
			       "without exceptions");
		if (unit->symbol_count && unit->symbols[0]->kind == SYMBOL_IFUNC)
			refuse(target, unit, "ifunc-changed",
			       "is a new or changed indirect function; its resolver ran already, restart to "
			       "get the new choice");
	}
}
