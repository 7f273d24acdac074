// SPDX-License-Identifier: MIT
// What the records of a target must keep to (doc/hp-format.md, "Rules"), apart from the payload: an applier may rely on it
// without looking again. Indices into the payload are checked by elf.c.
#include "formats/package.h"

#include <elf.h>
#include <string.h>

struct checker {
	const struct hp_target *target;
	uint32_t chunk;
	struct hp_error *error;
};

#define BAD(checker, ...)     fail((checker)->error, HP_MALFORMED, (checker)->chunk, 0, __VA_ARGS__)
#define UNKNOWN(checker, ...) fail((checker)->error, HP_UNSUPPORTED, (checker)->chunk, 0, __VA_ARGS__)
#define FUNCTION_FLAGS        (HP_FUNCTION_ENDBR | HP_FUNCTION_TRACEABLE | HP_FUNCTION_GLOBAL)
#define BINDING_FLAGS         (HP_BINDING_WEAK | HP_BINDING_EXPORTED | HP_BINDING_FUNCTION)

static bool in_segments(const struct hp_target *target, uint64_t vaddr, uint64_t size, uint32_t flags)
{
	for (size_t i = 0; i < target->segment_count; i++) {
		const struct hp_segment *segment = &target->segments[i];

		if ((segment->flags & flags) == flags && vaddr >= segment->vaddr &&
		    size <= segment->memory_size && vaddr - segment->vaddr <= segment->memory_size - size)
			return true;
	}
	return false;
}

// Processes have their images' segments; kernels are addressed by symbol and section.
static bool in_image(const struct hp_target *target, uint64_t vaddr, uint64_t size, uint32_t flags)
{
	return target->kind != HP_TARGET_PROCESS || in_segments(target, vaddr, size, flags);
}

static int check_identity(const struct checker *checker)
{
	const struct hp_target *target = checker->target;

	if (target->kind < HP_TARGET_PROCESS || target->kind > HP_TARGET_XEN)
		return UNKNOWN(checker, "target kind %u is not known", target->kind);
	if (target->flags & ~HP_TARGET_PIE)
		return UNKNOWN(checker, "target flags 0x%x are not known", target->flags);
	if (!target->name || !*target->name || strchr(target->name, '/'))
		return BAD(checker, "the target's name is no base name");
	if (!target->build_id_size || target->build_id_size > BUILD_ID_MAX)
		return BAD(checker, "a build ID of %zu bytes", target->build_id_size);
	for (size_t i = 0; i < target->section_count; i++)
		if (!target->sections[i].name)
			return BAD(checker, "section %zu of the image has no name", i);
	for (size_t i = 0; i < target->segment_count; i++) {
		const struct hp_segment *segment = &target->segments[i];

		if (segment->file_size > segment->memory_size ||
		    segment->vaddr > UINT64_MAX - segment->memory_size ||
		    segment->align & (segment->align - 1))
			return BAD(checker, "segment %zu of the image cannot be", i);
	}
	return HP_OK;
}

static int check_function(const struct checker *checker, size_t index)
{
	const struct hp_function *function = &checker->target->functions[index];

	if (!function->name)
		return BAD(checker, "function %zu has no name", index);
	if (function->flags & ~FUNCTION_FLAGS)
		return UNKNOWN(checker, "flags 0x%x of function %s are not known", function->flags,
			       function->name);
	if (function->jump_offset > HP_OLD_BYTES_MAX || function->jump_size > JUMP_SIZE_MAX)
		return BAD(checker, "function %s: %u bytes at +%u is no place for a jump", function->name,
			   function->jump_size, function->jump_offset);
	if (!function->old_size || !in_image(checker->target, function->vaddr, function->old_size, PF_X) ||
	    !in_image(checker->target, function->vaddr, (uint64_t)function->jump_offset + function->jump_size,
		      PF_X))
		return BAD(checker, "function %s is not in the image's code", function->name);
	return HP_OK;
}

static int check_parts(const struct checker *checker)
{
	const struct hp_target *target = checker->target;

	for (size_t i = 0; i < target->part_count; i++) {
		const struct hp_part *part = &target->parts[i];

		if (part->function >= target->function_count)
			return BAD(checker, "part %zu is of no function", i);
		if (part->symbol == HP_NONE && !in_image(target, part->vaddr, part->size, PF_X))
			return BAD(checker, "part %zu is not in the image's code", i);
	}
	for (size_t i = 0; i < target->mask_count; i++) {
		const struct hp_mask *mask = &target->masks[i];

		if (mask->function >= target->function_count ||
		    (uint64_t)mask->offset + mask->size > target->functions[mask->function].old_size)
			return BAD(checker, "mask %zu is outside of its function", i);
	}
	return HP_OK;
}

static int check_binding(const struct checker *checker, size_t index)
{
	const struct hp_binding *binding = &checker->target->bindings[index];
	bool slot = binding->kind == HP_BIND_SLOT || binding->kind == HP_BIND_TLS_MODULE ||
		    binding->kind == HP_BIND_TLS_OFFSET;

	if (binding->kind < HP_BIND_IMAGE || binding->kind > HP_BIND_KERNEL)
		return UNKNOWN(checker, "binding kind %u is not known", binding->kind);
	if (binding->flags & ~BINDING_FLAGS)
		return UNKNOWN(checker, "flags 0x%x of binding %zu are not known", binding->flags, index);
	if ((binding->kind == HP_BIND_DYNAMIC || binding->kind == HP_BIND_KERNEL) &&
	    (!binding->name || !*binding->name))
		return BAD(checker, "binding %zu has no name to look up", index);
	if (slot && !in_image(checker->target, binding->vaddr, 8, PF_R))
		return BAD(checker, "binding %zu: its slot is not in the image", index);
	return HP_OK;
}

static int check_rest(const struct checker *checker)
{
	const struct hp_target *target = checker->target;

	for (size_t i = 0; i < target->state_count; i++) {
		const struct hp_state *state = &target->states[i];

		if (!state->name || !state->align || state->align & (state->align - 1))
			return BAD(checker, "datum %zu has no name or an impossible alignment", i);
	}
	for (size_t i = 0; i < target->hook_count; i++)
		if (target->hooks[i].phase < HP_HOOK_PRE_PATCH ||
		    target->hooks[i].phase > HP_HOOK_POST_UNPATCH)
			return UNKNOWN(checker, "hook phase %u is not known", target->hooks[i].phase);
	return HP_OK;
}

int check_target(const struct hp_target *target, uint32_t chunk, struct hp_error *error)
{
	struct checker checker = {.target = target, .chunk = chunk, .error = error};
	int status = check_identity(&checker);

	for (size_t i = 0; i < target->function_count && !status; i++)
		status = check_function(&checker, i);
	if (!status)
		status = check_parts(&checker);
	for (size_t i = 0; i < target->binding_count && !status; i++)
		status = check_binding(&checker, i);
	return status ? status : check_rest(&checker);
}
