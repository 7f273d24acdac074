// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Facts about data that only those who refer to it can tell, where neither name nor section does:
 *
 *	.data: .L_ZTIi.DW.stub: .quad _ZTIi	Clang; DW.ref._ZTIi with GCC. The exception table of position-independent
 *						code names caught types through it; nobody writes it.
 *	.sdata: .LCPI0_0: .quad 0x3ff4020c49ba5e35	Clang 16 for RISC-V puts constants of code there, under a label of theirs
 *	.data: .Lubsan_data0: .quad file; .long line, column; ...	passed to __ubsan_handle_*, by address
 *	.data: .LASAN0: .quad variable, 8, 64, ...	passed to __asan_register_globals, by a constructor of the compiler's
 */
#include "diff/debug.h"
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

static void mark_pooled_constants(struct object *object)
{
	for (size_t i = 1; i < object->symbol_count; i++) {
		const struct symbol *symbol = &object->symbols[i];

		if (symbol->unit && symbol->unit->kind == UNIT_ANONYMOUS && symbol_is_label(symbol) &&
		    symbol->value == symbol->unit->offset && !strncmp(symbol->name, ".LCPI", 5))
			symbol->unit->constant = true;
	}
}

static bool takes_record(const struct symbol *symbol)
{
	return !strncmp(symbol->name, "__ubsan_handle_", 15);
}

static bool takes_table(const struct symbol *symbol)
{
	return !strcmp(symbol->name, "__asan_register_globals") ||
	       !strcmp(symbol->name, "__asan_unregister_globals");
}

static bool may_be_record(const struct object *object, const struct unit *unit)
{
	return unit && unit->kind == UNIT_ANONYMOUS && unit->section->flags & SECTION_WRITE &&
	       unit->size >= 2 * (uint64_t)object->arch->pointer_size && unit->reloc_count &&
	       unit->relocs[0].offset == unit->offset;
}

/*
 * What a check says of itself when it fails: {struct source_location; struct type_descriptor *type; ...}. The runtime writes no
 * more than "reported already" into it, and nothing into the type: {u16 kind, info; char name[];}. Both count by content.
 */
static void mark_record(struct unit *record)
{
	record->source_place = record->constant = true;
	for (size_t i = 1; i < record->reloc_count; i++) {
		struct unit *type = record->relocs[i].target;

		if (type && type->kind == UNIT_ANONYMOUS && type->section->flags & SECTION_WRITE &&
		    !type->reloc_count)
			type->constant = true;
	}
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
			mark_record(last);
		if (reloc->info->kind == RELOC_CALL)
			last = NULL;
	}
}

// Clang's symbols count the zone behind a variable, which tells nothing of its size: char and long both have 32 bytes.
static void trim_zone(const struct unit *table, uint64_t size_at, struct unit *variable)
{
	const struct arch *arch = table->object->arch;
	struct cursor cursor;
	uint64_t size;

	if (!table->section->data)
		return;
	cursor = cursor_at(table->section->data, table->offset + table->size, size_at, arch->big_endian);
	size = cursor_number(&cursor, arch->pointer_size); // 0 behind the table's end
	if (variable->kind != UNIT_DATUM || !size || size >= variable->size)
		return;
	variable->size = size;
	while (variable->reloc_count &&
	       variable->relocs[variable->reloc_count - 1].offset - variable->offset >= size)
		variable->reloc_count--;
}

/*
 * The address sanitizer's table of globals, in writable data:
 *	{beg, size, size_with_redzone, name, module_name, has_dynamic_init, location, odr_indicator}
 * `location` (up to Clang 15) leads to {file, line, column}, where the global is written in the source.
 */
static void mark_table(const struct object *object, struct unit *table)
{
	const uint64_t word = object->arch->pointer_size, entry = 8 * word, location = 6 * word;

	table->bookkeeping = true;
	for (size_t i = 0; i < table->reloc_count; i++) {
		const struct reloc *reloc = &table->relocs[i];

		if (!reloc->target || reloc->target_offset)
			continue;
		if ((reloc->offset - table->offset) % entry == 0)
			trim_zone(table, reloc->offset + word, reloc->target);
		if ((reloc->offset - table->offset) % entry == location &&
		    may_be_record(object, reloc->target) && reloc->target->size < 2 * (word + 8) &&
		    reloc->target->reloc_count == 1)
			reloc->target->source_place = reloc->target->constant = true;
	}
}

static bool calls_asan_alone(const struct unit *function)
{
	size_t calls = 0;

	for (size_t i = 0; i < function->reloc_count; i++) {
		if (function->relocs[i].info->kind != RELOC_CALL)
			continue;
		if (function->relocs[i].target || strncmp(function->relocs[i].symbol->name, "__asan_", 7))
			return false;
		calls++;
	}
	return calls;
}

// Clang writes its constructor and destructor empty where there are no variables.
static bool is_clangs_registration(const char *name)
{
	return !strcmp(name, "asan.module_ctor") || !strcmp(name, "asan.module_dtor");
}

/*
 * The constructor and destructor that hand the table over, asan.module_ctor and asan.module_dtor with Clang, _sub_I_65535_1 and
 * _sub_D_65535_0 with GCC. What they told the runtime when the program started holds: the variables that are there stay where
 * they are. Those that a change brings have no zones around them that the runtime knows.
 */
static void mark_registration(struct object *object, struct unit *function)
{
	bool registers = is_clangs_registration(function->name);

	for (size_t i = 0; i < function->reloc_count; i++)
		registers |= takes_table(function->relocs[i].symbol) && calls_asan_alone(function);
	if (!registers)
		return;
	function->bookkeeping = true;
	for (size_t i = 0; i < function->reloc_count; i++) {
		struct unit *target = function->relocs[i].target;

		if (target && target->section->flags & SECTION_WRITE)
			mark_table(object, target);
	}
}

static bool is_sanitized(const struct object *object)
{
	for (size_t i = 1; i < object->symbol_count; i++)
		if (takes_record(&object->symbols[i]) || takes_table(&object->symbols[i]) ||
		    is_clangs_registration(object->symbols[i].name))
			return true;
	return false;
}

void find_data_facts(struct object *object)
{
	mark_type_references(object);
	mark_pooled_constants(object);
	if (!is_sanitized(object))
		return;
	for (size_t i = 0; i < object->unit_count; i++)
		if (object->units[i].kind == UNIT_FUNCTION) {
			mark_records(object, &object->units[i]);
			mark_registration(object, &object->units[i]);
		}
}
