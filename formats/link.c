// SPDX-License-Identifier: MIT
// Linking a payload for a place in memory: copy, resolve, relocate. Nothing is added or moved.
#include "formats/package.h"

#include <elf.h>
#include <string.h>

struct job {
	const struct hp_target *target;
	const struct linkage *linkage;
	const struct hp_place *place;
	uint8_t *out[2];
	hp_resolver *resolve;
	void *arg;
	struct hp_error *error;
};

static int get_linkage(struct hp_package *package, size_t target, struct linkage **linkage,
		       struct hp_error *error)
{
	if (target >= package->target_count)
		return fail(error, HP_MALFORMED, HP_NONE, 0, "there is no target %zu", target);
	*linkage = package->linkages[target];
	return HP_OK;
}

int hp_layout(struct hp_package *package, size_t target, const struct hp_layout **layout,
	      struct hp_error *error)
{
	struct linkage *linkage = NULL;
	int status = get_linkage(package, target, &linkage, error);

	if (!status)
		*layout = &linkage->layout;
	return status;
}

int hp_symbol(struct hp_package *package, size_t target, uint32_t index, struct hp_symbol *symbol,
	      struct hp_error *error)
{
	const struct elf_symbol *from;
	struct linkage *linkage = NULL;
	int status = get_linkage(package, target, &linkage, error);

	if (status)
		return status;
	if (index >= linkage->symbol_count)
		return fail(error, HP_MALFORMED, HP_NONE, 0, "the payload has no symbol %u", index);
	from = &linkage->symbols[index];
	*symbol =
		(struct hp_symbol){.name = from->name,
				   .region = from->section ? linkage->region[from->section] : HP_REGION_NONE,
				   .offset = from->section ? linkage->offset[from->section] + from->value : 0,
				   .size = from->size,
				   .info = from->info};
	return HP_OK;
}

static int bind_symbol(const struct job *job, const struct hp_binding *binding, uint64_t *value)
{
	switch (binding->kind) {
	case HP_BIND_IMAGE:
	case HP_BIND_SLOT:
		*value = job->place->bias + binding->vaddr + (uint64_t)binding->addend;
		return HP_OK;
	case HP_BIND_ABSOLUTE:
		*value = (uint64_t)binding->addend;
		return HP_OK;
	case HP_BIND_DYNAMIC:
	case HP_BIND_TLS_MODULE:
	case HP_BIND_TLS_OFFSET:
	case HP_BIND_KERNEL:
		*value = 0;
		if (!job->resolve || job->resolve(job->arg, binding, value)) {
			if (!(binding->flags & HP_BINDING_WEAK))
				return fail(job->error, HP_UNRESOLVED, HP_NONE, 0,
					    "symbol %s%s%s is not in the process",
					    binding->name ? binding->name : "(unnamed)",
					    binding->version ? "@" : "",
					    binding->version ? binding->version : "");
			*value = 0;
			return HP_OK;
		}
		*value += (uint64_t)binding->addend;
		return HP_OK;
	default:
		return fail(job->error, HP_UNSUPPORTED, HP_NONE, 0, "binding kind %u is not known",
			    binding->kind);
	}
}

// Storage taken over from another package, by section: aliases of the datum move with it.
static const struct hp_moved *moved_section(const struct job *job, uint32_t section)
{
	for (size_t i = 0; i < job->place->moved_count; i++) {
		const struct hp_moved *moved = &job->place->moved[i];

		if (moved->symbol < job->linkage->symbol_count &&
		    job->linkage->symbols[moved->symbol].section == section)
			return moved;
	}
	return NULL;
}

static int symbol_value(const struct job *job, uint64_t index, uint64_t *value)
{
	const struct elf_symbol *symbol;
	const struct hp_moved *moved;
	uint8_t region;

	if (index >= job->linkage->symbol_count)
		return fail(job->error, HP_MALFORMED, HP_NONE, 0, "payload: a relocation names symbol %llu",
			    (unsigned long long)index);
	*value = 0;
	if (!index)
		return HP_OK;
	symbol = &job->linkage->symbols[index];
	if (!symbol->section)
		return bind_symbol(job, &job->target->bindings[symbol->binding], value);
	region = job->linkage->region[symbol->section];
	if (region == HP_REGION_NONE)
		return fail(job->error, HP_MALFORMED, HP_NONE, 0, "payload: %s is not in memory",
			    symbol->name);
	moved = moved_section(job, symbol->section);
	if (moved)
		*value = moved->address - job->linkage->symbols[moved->symbol].value + symbol->value;
	else
		*value = job->place->address[region] + job->linkage->offset[symbol->section] + symbol->value;
	return HP_OK;
}

static int relocate_section(const struct job *job, const struct elf_section *relocations, const uint64_t *got)
{
	uint32_t index = relocations->info;
	const struct elf_section *section;
	int status = HP_OK;

	if (index >= job->linkage->section_count)
		return fail(job->error, HP_MALFORMED, HP_NONE, 0, "payload: %s is for no section",
			    relocations->name);
	section = &job->linkage->sections[index];
	if (job->linkage->region[index] == HP_REGION_NONE)
		return HP_OK;
	if (relocations->entry_size != sizeof(Elf64_Rela) || relocations->size % sizeof(Elf64_Rela) ||
	    section->type == SHT_NOBITS)
		return fail(job->error, HP_MALFORMED, HP_NONE, 0,
			    "payload: %s is not a table of relocations for bytes", relocations->name);
	for (uint64_t at = 0; at < relocations->size && !status; at += sizeof(Elf64_Rela)) {
		uint64_t offset = job->linkage->offset[index], value;
		uint8_t region = job->linkage->region[index];
		Elf64_Rela raw;

		memcpy(&raw, relocations->data + at, sizeof(raw));
		if (raw.r_offset > section->size)
			return fail(job->error, HP_MALFORMED, HP_NONE, at,
				    "payload: %s: a field lies outside of its section", relocations->name);
		status = symbol_value(job, ELF64_R_SYM(raw.r_info), &value);
		if (!status)
			status = relocate_x86_64(
				(uint32_t)ELF64_R_TYPE(raw.r_info), job->out[region] + offset + raw.r_offset,
				section->size - raw.r_offset, value + (uint64_t)raw.r_addend,
				job->place->address[region] + offset + raw.r_offset, got, job->error);
		if (status == HP_OVERFLOW)
			return fail(job->error, HP_OVERFLOW, HP_NONE, raw.r_offset,
				    "payload: %s+0x%llx: what it refers to (%s) is too far away",
				    section->name, (unsigned long long)raw.r_offset,
				    job->linkage->symbols[ELF64_R_SYM(raw.r_info)].name);
		if (status && job->error)
			job->error->offset = raw.r_offset;
	}
	return status;
}

int hp_link(struct hp_package *package, size_t target, const struct hp_place *place, hp_resolver *resolve,
	    void *arg, void *code, void *data, struct hp_error *error)
{
	struct job job = {
		.place = place, .out = {code, data}, .resolve = resolve, .arg = arg, .error = error};
	struct linkage *linkage = NULL;
	int status = get_linkage(package, target, &linkage, error);
	uint64_t got = 0;

	if (status)
		return status;
	job.target = &package->targets[target];
	job.linkage = linkage;
	if (job.target->machine != EM_X86_64)
		return fail(error, HP_UNSUPPORTED, HP_NONE, 0, "machine %u cannot be linked yet",
			    job.target->machine);
	for (unsigned region = 0; region < 2; region++) {
		if (!linkage->layout.size[region])
			continue;
		if (!job.out[region] || place->address[region] & (linkage->layout.align[region] - 1))
			return fail(error, HP_MALFORMED, HP_NONE, 0,
				    "no memory, or not aligned, for region %u", region);
		memset(job.out[region], 0, linkage->layout.size[region]);
	}
	for (size_t i = 0; i < linkage->section_count; i++)
		if (linkage->region[i] != HP_REGION_NONE && linkage->sections[i].data &&
		    linkage->sections[i].size)
			memcpy(job.out[linkage->region[i]] + linkage->offset[i], linkage->sections[i].data,
			       linkage->sections[i].size);
	status = symbol_value(&job, linkage->got, &got);
	for (size_t i = 0; i < linkage->section_count && !status; i++) {
		if (linkage->sections[i].type == SHT_REL)
			return fail(error, HP_UNSUPPORTED, HP_NONE, 0,
				    "payload: %s: relocations without addend", linkage->sections[i].name);
		if (linkage->sections[i].type == SHT_RELA)
			status = relocate_section(&job, &linkage->sections[i], linkage->got ? &got : NULL);
	}
	return status;
}
