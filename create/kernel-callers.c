// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Functions that cannot be redirected, but all of whose callers can. `inline` implies notrace in the kernel
 * (include/linux/compiler_types.h), so that a changed inline that the compiler left out of line has no ftrace site:
 *
 *	static inline int helper(...)	changed, no site	in the payload, called by
 *	int f(...) { ... helper() }	unchanged		a copy of f(), which replaces f()
 *
 * That is what would have happened had it been inlined.
 */
#include <string.h>

#include "create/kernel-target.h"

static bool is_local(const struct unit *unit)
{
	for (size_t i = 0; i < unit->symbol_count; i++)
		if (unit->symbols[i]->binding != BINDING_LOCAL)
			return false;
	return unit->symbol_count;
}

// Only branches lead to it, all of them in its object, and in what it was before.
static bool is_only_called(const struct unit *unit)
{
	return is_local(unit) && is_local(unit->match) && !unit->address_taken && !unit->match->address_taken;
}

bool kernel_goes_with_callers(const struct target *target, const struct unit *unit)
{
	uint64_t vaddr;

	return target->image->kernel && unit->kind == UNIT_FUNCTION && !unit->owner &&
	       unit_is_own(target, unit->match, &vaddr) &&
	       !kernel_can_trace(target->image, vaddr, KERNEL_ENTRY_BYTES) && is_only_called(unit);
}

// What ran while the kernel started is over; a module may be about to start.
static bool is_over(const struct target *target, const struct unit *caller)
{
	return target->image->kind == HP_TARGET_LINUX && !strncmp(caller->section->name, ".init.", 6);
}

static bool calls(const struct unit *caller, const struct unit *unit)
{
	for (size_t i = 0; i < caller->reloc_count; i++)
		if (caller->relocs[i].target == unit)
			return true;
	return false;
}

struct unit *kernel_next_caller(const struct target *target, const struct unit *unit, size_t *at)
{
	struct object *object = unit->object;

	while (*at < object->unit_count) {
		struct unit *caller = &object->units[(*at)++];

		if (caller->kind != UNIT_FUNCTION || !calls(caller, unit))
			continue;
		if (caller->owner)
			caller = caller->owner;
		if (caller != unit && caller->match && !is_over(target, caller))
			return caller;
	}
	return NULL;
}
