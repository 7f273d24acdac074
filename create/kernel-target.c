// SPDX-License-Identifier: GPL-3.0-or-later
// References, functions and checks of a payload for the kernel or a module.
#include "create/kernel-target.h"

#include <elf.h>
#include <sodium.h>
#include <string.h>

// ---- references ------------------------------------------------------------------------------------------------------

static bool is_module(const struct target *target)
{
	return target->image->kind == HP_TARGET_LINUX_MODULE;
}

// The symbol by which the kernel can find VADDR: NAME's own when it begins there, else the nearest before it.
static const struct image_symbol *symbol_for(const struct image *image, const char *name, uint64_t vaddr)
{
	const struct image_symbol *const *all;
	const struct image_symbol *over;
	size_t count;

	all = image_symbols_at(image, vaddr, &count);
	for (size_t i = 0; i < count; i++)
		if (!strcmp(all[i]->name, name))
			return all[i];
	if (count)
		return all[0];
	over = image_symbol_over(image, vaddr);
	return over && over->vaddr <= vaddr ? over : NULL;
}

// Memory that is given back when the kernel, or module, has started (include/linux/init.h).
static bool is_gone(const struct image *image, uint64_t vaddr)
{
	const struct hp_image_section *section = image_section_at(image, vaddr);

	return section && (!strncmp(section->name, ".init", 5) || !strncmp(section->name, ".exit", 5)) &&
	       (image->kind == HP_TARGET_LINUX || strncmp(section->name, ".exit", 5) != 0);
}

/*
 * While a module comes, the kernel counts all of its symbols; afterwards only those outside of .init (add_kallsyms() in
 * kernel/module/kallsyms.c). One position must serve both, so no namesake in .init may come first.
 */
static uint32_t find_position(struct target *target, const struct unit *unit,
			      const struct image_symbol *symbol)
{
	const struct image *image = target->image;
	size_t count;
	const struct image_symbol *const *all = image_find(image, symbol->name, &count);

	for (size_t i = 0; is_module(target) && i < count && all[i] != symbol; i++) {
		if (!is_gone(image, all[i]->vaddr))
			continue;
		refuse(target, unit, "symbol-ambiguous",
		       "needs `%s`, of which the module has another one in .init: their order is not the "
		       "same "
		       "before and after the module is loaded; rename one of them",
		       symbol->name);
		break;
	}
	return kernel_position(image, symbol);
}

// How a payload symbol of that name must be called, so that no two of them are one to a linker.
static const char *payload_name(struct target *target, const char *name, uint32_t position)
{
	if (position)
		name = arena_printf(target->arena, "%s,%u", name, position);
	for (size_t i = 0; i < target->members.count; i++)
		if (target->members.at[i]->symbol && !strcmp(target->members.at[i]->symbol->name, name))
			return arena_printf(target->arena, "hp.old.%s", name);
	return name;
}

static struct payload_symbol *bind_symbol(struct target *target, const struct hp_binding *binding)
{
	uint8_t type = binding->flags & HP_BINDING_FUNCTION ? STT_FUNC : STT_NOTYPE;
	void **place = strmap_put(target->bound_names, arena_printf(target->arena, "kernel %s %u",
								    binding->name, binding->position));
	struct bound *bound;

	if (*place)
		return *place;
	*place = payload_add_symbol(target->payload, payload_name(target, binding->name, binding->position),
				    NULL, 0, 0, (uint8_t)ELF64_ST_INFO(STB_GLOBAL, type));
	bound = vec_push(&target->bindings);
	*bound = (struct bound){.symbol = *place, .binding = *binding};
	return *place;
}

// What another module or vmlinux exports: the kernel's loader finds it by name alone.
static struct payload_symbol *bind_import(struct target *target, const char *name)
{
	struct hp_binding binding = {.kind = HP_BIND_KERNEL, .flags = HP_BINDING_EXPORTED, .name = name};

	return bind_symbol(target, &binding);
}

static struct address bind_kernel(struct target *target, const struct member *member, const char *name,
				  uint64_t vaddr)
{
	const struct image *image = target->image;
	const struct image_symbol *symbol = symbol_for(image, name, vaddr);
	struct hp_binding binding = {.kind = HP_BIND_KERNEL,
				     .object = is_module(target) ? image->name : NULL};
	struct address none = {0};

	if (!symbol) {
		refuse(target, member->unit, "symbol-missing",
		       "refers to `%s`, near which the kernel has no symbol to find it by", name);
		return none;
	}
	if (kernel_imports(image, vaddr))
		return (struct address){.symbol = bind_import(target, symbol->name)};
	if (is_gone(image, vaddr))
		refuse(target, member->unit, "already-ran",
		       "refers to `%s`, which is gone once the kernel has started; use nothing that is "
		       "__init",
		       symbol->name);
	binding.position = find_position(target, member->unit, symbol);
	binding.name = symbol->name;
	binding.vaddr = symbol->vaddr;
	if (symbol->kind == SYMBOL_FUNCTION)
		binding.flags |= HP_BINDING_FUNCTION;
	// A module's own exports are looked up in it by name: the livepatch must load before the module, too.
	if (!is_module(target) && symbol->binding != BINDING_LOCAL && kernel_exports(image, symbol->name))
		binding.flags |= HP_BINDING_EXPORTED;
	return (struct address){.symbol = bind_symbol(target, &binding),
				.base = (int64_t)(vaddr - symbol->vaddr)};
}

// A module may begin to use what vmlinux exports.
static struct address bind_new_import(struct target *target, const struct member *member, const char *name)
{
	struct address none = {0};

	if (is_module(target) && target->vmlinux && kernel_exports(target->vmlinux, name))
		return (struct address){.symbol = bind_import(target, name)};
	refuse(target, member->unit, "symbol-missing", "refers to `%s`, which %s; %s", name,
	       is_module(target) ? "neither the module nor the exports of vmlinux have"
				 : "the kernel does not have",
	       is_module(target) && !target->vmlinux ? "name the kernel with --image too"
						     : "keep to what is there");
	return none;
}

// Does the reference mean a place in the function, not the function's identity? Tables and later instructions do.
static bool means_position(const struct member *member, const struct reloc *reloc)
{
	return reloc->target_offset || member->unit->kind == UNIT_ENTRY ||
	       (member->unit->section->role == ROLE_SPECIAL);
}

// ALTERNATIVE("call f", "", FEATURE): an entry that puts nothing in the place of the call, at the end of a section.
static bool is_empty_replacement(const struct reloc *reloc)
{
	const struct section *section = reloc->symbol->section;

	return section && section->role == ROLE_SPECIAL && section->flags & SECTION_EXEC && !reloc->target;
}

static struct address empty_replacement(struct target *target)
{
	struct payload_section *section = payload_get_section(target->payload, ".altinstr_replacement",
							      SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR);

	return (struct address){.symbol = payload_section_symbol(target->payload, section)};
}

static struct address address_for(struct target *target, const struct member *member,
				  const struct reloc *reloc, const struct reference *reference, bool call)
{
	const char *name =
		reference->unit && *reference->unit->name ? reference->unit->name : reference->name;

	if (reference->member) {
		// The address of a replaced function is its old entry; calls, and places within, go to the new body.
		if (!call && reference->member->old && !reference->unit->owner &&
		    !means_position(member, reloc))
			return bind_kernel(target, member, name, reference->member->old_vaddr);
		return payload_address(reference->member);
	}
	if (reference->zero)
		return (struct address){.symbol = bind_value(target, name, HP_BIND_ABSOLUTE, 0, 0)};
	if (reference->in_image)
		return bind_kernel(target, member, name, reference->vaddr);
	if (is_empty_replacement(reloc))
		return empty_replacement(target);
	if (reloc->symbol->section) {
		refuse(target, member->unit, "symbol-missing",
		       "refers to `%s` (%s), whose place in the kernel is not known; build the old objects "
		       "with the "
		       "kernel's own flags",
		       name, reloc->symbol->section->name);
		return (struct address){0};
	}
	return bind_new_import(target, member, name);
}

void kernel_resolve(struct target *target, struct member *member, const struct reloc *reloc, bool call)
{
	struct reference reference = classify_reference(target, member, reloc);
	struct address address = address_for(target, member, reloc, &reference, call);

	uint32_t type = reloc->info->type == R_X86_64_PLT32 ? R_X86_64_PC32 : reloc->info->type;

	if (reloc->implied && reloc->info->size < 4)
		refuse(target, member->unit, "no-function-sections",
		       "has a short jump to `%s`, its neighbour in %s; change the functions that call it",
		       reference.name, member->unit->section->name);
	else if (address.symbol)
		payload_relocate(member->section, member->offset + (reloc->offset - member->unit->offset),
				 type, address.symbol, address.base + reference.distance);
}

// ---- functions -------------------------------------------------------------------------------------------------------

static const struct image_symbol *entry_symbol(const struct target *target, const struct member *member)
{
	const struct image_symbol *symbol = symbol_for(target->image, member->old->name, member->old_vaddr);

	return symbol && symbol->vaddr == member->old_vaddr ? symbol : NULL;
}

static void add_part(struct target *target, uint32_t function, struct payload_symbol *symbol, uint64_t vaddr,
		     uint64_t size)
{
	*vec_push(&target->parts) =
		(struct hp_part){.function = function, .symbol = HP_NONE, .vaddr = vaddr, .size = size};
	*vec_push(&target->part_symbols) = symbol;
}

static void describe_function(struct target *target, struct member *member)
{
	const struct image *image = target->image;
	const struct unit *old = member->old;
	const struct image_symbol *symbol = entry_symbol(target, member);
	uint64_t size = unit_image_size(target, old);
	const uint8_t *code = image_bytes(image, member->old_vaddr, size);
	struct hp_function *function;

	if (!symbol || !code || !size) {
		refuse(target, member->unit, "symbol-missing", "has no symbol in the kernel to find it by");
		return;
	}
	if (!kernel_can_trace(image, member->old_vaddr, KERNEL_ENTRY_BYTES))
		refuse(target, member->unit, "notrace",
		       "has no ftrace site at its entry (notrace, noinstr, or part of the tracer), so it "
		       "cannot be "
		       "redirected; change the functions that call it instead");
	member->function = (uint32_t)target->functions.count;
	*vec_push(&target->replaced) = member;
	*vec_push(&target->prologues) = NULL;
	function = vec_push(&target->functions);
	*function = (struct hp_function){
		.name = symbol->name,
		.object = old->object->path,
		.vaddr = member->old_vaddr,
		.old_size = size,
		.prologue = HP_NONE,
		.position = find_position(target, member->unit, symbol),
		.flags = HP_FUNCTION_TRACEABLE,
	};
	if (symbol->binding != BINDING_LOCAL)
		function->flags |= HP_FUNCTION_GLOBAL;
	if (size >= 4 && !memcmp(code, "\xf3\x0f\x1e\xfa", 4))
		function->flags |= HP_FUNCTION_ENDBR;
	crypto_hash_sha256(function->old_hash, code, size);
	memcpy(function->old_bytes, code, size < HP_OLD_BYTES_MAX ? size : HP_OLD_BYTES_MAX);
	add_part(target, member->function, NULL, member->old_vaddr, size);
	for (size_t i = 0; i < old->part_count; i++) {
		uint64_t vaddr;

		if (old->parts[i]->kind == UNIT_FUNCTION && unit_in_image(target, old->parts[i], &vaddr))
			add_part(target, member->function, NULL, vaddr,
				 unit_image_size(target, old->parts[i]));
	}
}

void kernel_describe_functions(struct target *target)
{
	for (size_t i = 0; i < target->members.count; i++)
		if (target->members.at[i]->root == target->members.at[i])
			describe_function(target, target->members.at[i]);
	for (size_t i = 0; i < target->members.count; i++) {
		struct member *member = target->members.at[i];

		if (member->unit->kind == UNIT_FUNCTION && member->root && target->functions.count)
			add_part(target, member->root->function, member->symbol, 0, member->unit->size);
	}
}

// ---- checks ------------------------------------------------------------------------------------------------------------

// The loader makes room for the one section of that name (find_pcpusec() in kernel/module/main.c).
static bool is_strange_per_cpu(const struct unit *unit)
{
	return !strncmp(unit->section->name, ".data..percpu", 13) && unit->section->name[13];
}

static bool is_init(const struct unit *unit)
{
	const char *name = unit->section->name;

	return !strncmp(name, ".init.", 6) || !strncmp(name, ".exit.", 6) || !strncmp(name, ".meminit", 8) ||
	       !strncmp(name, ".head.text", 10);
}

static void check_function(struct target *target, const struct member *member)
{
	const struct unit *unit = member->unit;

	if (member->old && (is_init(unit) || is_init(member->old)))
		refuse(target, unit, "init-changed",
		       "runs only while the kernel, or module, starts or goes (%s), and that is over; "
		       "restart, or move "
		       "the fix to code that runs later",
		       unit->section->name);
	else if (!member->old && is_init(unit))
		refuse(target, unit, "init-changed", "is new, but __init or __exit; leave that mark out");
}

// Assemblers leave no .comment. Their code follows no rule of the compiler's: no ftrace site, entries in the middle,
// jumps into other functions.
bool kernel_refuse_assembly(struct target *target)
{
	bool found = false;

	for (size_t i = 0; i < target->pieces.count; i++) {
		const struct piece *piece = &target->pieces.at[i];
		struct diag place = {
			.severity = DIAG_REFUSAL, .code = "section-unsupported", .object = piece->pair->path};

		if (!piece->old || piece->new->compiler)
			continue;
		diags_add(target->diags, &place,
			  "is assembled from assembly code, whose functions cannot be redirected one by one; "
			  "change "
			  "those who call them, or restart with a new kernel");
		found = true;
	}
	return found;
}

void kernel_check_members(struct target *target)
{
	for (size_t i = 0; i < target->members.count; i++) {
		const struct member *member = target->members.at[i];

		if (member->unit->kind == UNIT_FUNCTION)
			check_function(target, member);
		else if (member->unit->kind == UNIT_DATUM && is_strange_per_cpu(member->unit))
			refuse(target, member->unit, "data-layout",
			       "is a new per-CPU variable of a kind (%s) that modules cannot have; use "
			       "DEFINE_PER_CPU()",
			       member->unit->section->name);
	}
	kernel_check_entries(target);
}
