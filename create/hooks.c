// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Functions of a kernel patch that run as it is applied and taken back (callbacks, Documentation/livepatch/callbacks.rst). The
 * patch's source marks one by a pointer to it, in a section whose name says when:
 *
 *	static int check(struct klp_object *object) { ... }
 *	static int (*const hook)(struct klp_object *object) __used __section(".hotpatch.hooks.pre_patch") = check;
 *
 * The pointer stays behind, the function travels. Sources written for kpatch name their sections otherwise.
 */
#include <string.h>

#include "create/target.h"

static const char *const prefixes[] = {".hotpatch.hooks.", ".kpatch.callbacks."};
static const char *const phases[] = {[HP_HOOK_PRE_PATCH] = "pre_patch",
				     [HP_HOOK_POST_PATCH] = "post_patch",
				     [HP_HOOK_PRE_UNPATCH] = "pre_unpatch",
				     [HP_HOOK_POST_UNPATCH] = "post_unpatch"};

// 0: of no phase that there is.
static uint32_t phase_named(const char *name)
{
	for (uint32_t i = HP_HOOK_PRE_PATCH; i < ARRAY_SIZE(phases); i++)
		if (!strcmp(phases[i], name))
			return i;
	return 0;
}

static const char *phase_of(const struct unit *unit)
{
	for (size_t i = 0; unit->kind == UNIT_DATUM && unit->section && i < ARRAY_SIZE(prefixes); i++)
		if (!strncmp(unit->section->name, prefixes[i], strlen(prefixes[i])))
			return unit->section->name + strlen(prefixes[i]);
	return NULL;
}

static struct unit *pointed_to(const struct unit *unit)
{
	const struct reloc *reloc = unit->relocs;

	if (unit->reloc_count != 1 || unit->size != 8 || reloc->offset != unit->offset ||
	    reloc->info->size != 8 || reloc->info->kind != RELOC_ABSOLUTE || reloc->target_offset)
		return NULL;
	return reloc->target && reloc->target->kind == UNIT_FUNCTION ? reloc->target : NULL;
}

struct unit *hook_function(struct target *target, const struct piece *piece, const struct unit *unit,
			   uint32_t *phase)
{
	const char *name = phase_of(unit);
	struct unit *function = pointed_to(unit);

	if (!name)
		return NULL;
	*phase = phase_named(name);
	if (!target->image->kernel)
		refuse(target, unit, "special-unsupported",
		       "is a hook, and only kernels run hooks; do what it does in a changed function");
	else if (!*phase)
		refuse(target, unit, "special-unsupported",
		       "is a hook of a phase that does not exist; pre_patch, post_patch, pre_unpatch and "
		       "post_unpatch do");
	else if (!piece->old)
		refuse(target, unit, "special-unsupported",
		       "is a hook in an object that the kernel does not have; put it into one that changes");
	else if (!function || unit->status != UNIT_NEW || function->status != UNIT_NEW)
		refuse(target, unit, "special-unsupported",
		       "is no new pointer to a new function of the same object, as a hook has to be");
	else
		return function;
	return NULL;
}

void check_hooks(struct target *target)
{
	for (size_t i = 0; i < target->hooks.count; i++) {
		const struct unit *unit = target->hooks.at[i].member->unit;

		if (!target->functions.count)
			refuse(target, unit, "special-unsupported",
			       "is a hook where no function changes: the kernel runs none there; put it into "
			       "a file "
			       "whose code changes");
		for (size_t k = 0; k < i; k++)
			if (target->hooks.at[k].phase == target->hooks.at[i].phase)
				refuse(target, unit, "special-unsupported",
				       "is the second %s hook of %s, and one is all a kernel runs; call it "
				       "from the first",
				       phases[target->hooks.at[i].phase], target->image->name);
	}
}
