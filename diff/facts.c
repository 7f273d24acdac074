// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Facts about data that only those who refer to it can tell, where neither name nor section does:
 *
 *	.data: .L_ZTIi.DW.stub: .quad _ZTIi	Clang; DW.ref._ZTIi with GCC. The exception table of position-independent
 *						code names caught types through it; nobody writes it.
 *	.data: .Lubsan_data0: .quad file; .long line, column; ...	passed to __ubsan_handle_*, by address
 */
#include "diff/model.h"

#include <string.h>

static void mark_type_references(struct object *object)
{
	for (size_t i = 0; i < object->unit_count; i++) // the personality routine's is named by .eh_frame
		if (object->units[i].kind == UNIT_DATUM && !strncmp(object->units[i].name, "DW.ref.", 7))
			object->units[i].constant = true;
	for (size_t i = 1; i < object->section_count; i++) {
		const struct section *section = &object->sections[i];

		for (size_t k = 0; section->role == ROLE_LSDA && k < section->reloc_count; k++) {
			struct unit *target = section->relocs[k].target;

			if (target && (target->kind == UNIT_ANONYMOUS || target->kind == UNIT_DATUM) &&
			    target->size == object->arch->pointer_size && target->reloc_count == 1)
				target->constant = true;
		}
	}
}

static bool takes_record(const struct symbol *symbol)
{
	return !strncmp(symbol->name, "__ubsan_handle_", 15);
}

static bool takes_table(const struct symbol *symbol)
{
	return !strcmp(symbol->name, "__asan_register_globals");
}

static bool may_be_record(const struct object *object, const struct unit *unit)
{
	return unit && unit->kind == UNIT_ANONYMOUS && unit->section->flags & SECTION_WRITE &&
	       unit->size >= 2 * (uint64_t)object->arch->pointer_size && unit->reloc_count &&
	       unit->relocs[0].offset == unit->offset;
}

// The record is the argument of the next call: lea .Lubsan_data0(%rip),%rdi; call __ubsan_handle_add_overflow
static void mark_records(struct object *object, const struct unit *function)
{
	struct unit *last = NULL;

	for (size_t i = 0; i < function->reloc_count; i++) {
		const struct reloc *reloc = &function->relocs[i];

		if (may_be_record(object, reloc->target))
			last = reloc->target;
		if (last && takes_record(reloc->symbol))
			last->source_place = true;
		if (reloc->info->kind == RELOC_CALL)
			last = NULL;
	}
}

/*
 * Clang's table of globals for the address sanitizer, in writable data, given to __asan_register_globals:
 *	{beg, size, size_with_redzone, name, module_name, has_dynamic_init, location, odr_indicator}
 * `location` (up to Clang 15) leads to {file, line, column}, where the global is written in the source.
 */
static void mark_locations(const struct object *object, const struct unit *table)
{
	const uint64_t word = object->arch->pointer_size, entry = 8 * word, location = 6 * word;

	for (size_t i = 0; i < table->reloc_count; i++) {
		const struct reloc *reloc = &table->relocs[i];

		if ((reloc->offset - table->offset) % entry == location && reloc->target &&
		    !reloc->target_offset && reloc->target->size == word + 8 &&
		    reloc->target->reloc_count == 1 &&
		    reloc->target->relocs[0].offset == reloc->target->offset)
			reloc->target->source_place = true;
	}
}

static void mark_tables(struct object *object, const struct unit *function)
{
	const struct unit *last = NULL;

	for (size_t i = 0; i < function->reloc_count; i++) {
		const struct reloc *reloc = &function->relocs[i];

		if (last && takes_table(reloc->symbol))
			mark_locations(object, last);
		if (reloc->target && reloc->target->section->flags & SECTION_WRITE)
			last = reloc->target;
	}
}

static bool is_sanitized(const struct object *object)
{
	for (size_t i = 1; i < object->symbol_count; i++)
		if (!object->symbols[i].section &&
		    (takes_record(&object->symbols[i]) || takes_table(&object->symbols[i])))
			return true;
	return false;
}

void find_data_facts(struct object *object)
{
	mark_type_references(object);
	if (!is_sanitized(object))
		return;
	for (size_t i = 0; i < object->unit_count; i++)
		if (object->units[i].kind == UNIT_FUNCTION) {
			mark_records(object, &object->units[i]);
			mark_tables(object, &object->units[i]);
		}
}
