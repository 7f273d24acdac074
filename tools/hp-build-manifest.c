// SPDX-License-Identifier: GPL-3.0-or-later
// The manifest: what a fleet manager or a person needs to know of a package (doc/manifest.schema.json).
#include <elf.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/hp-build.h"

// What is not known, and lists of nothing, are left out.
static void set_text(json_t *object, const char *key, const char *text)
{
	if (text)
		json_object_set_new(object, key, json_string(text));
}

static void set_list(json_t *object, const char *key, json_t *list)
{
	if (json_array_size(list))
		json_object_set(object, key, list);
	json_decref(list);
}

static json_t *texts(const text_list *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->count; i++)
		json_array_append_new(array, json_string(list->at[i]));
	return array;
}

static json_t *build_id(const struct hp_target *target)
{
	char text[129] = "";

	for (size_t i = 0; i < target->build_id_size && i < 64; i++)
		snprintf(text + 2 * i, 3, "%02x", target->build_id[i]);
	return json_string(text);
}

// Names of the payload's functions or data that are not bodies of replaced functions. PAYLOAD is our own.
static json_t *new_names(const struct hp_target *target, unsigned type)
{
	const Elf64_Ehdr *header = (const void *)target->payload;
	const Elf64_Shdr *sections = (const void *)(target->payload + header->e_shoff), *symtab = NULL;
	json_t *array = json_array();

	for (unsigned i = 0; i < header->e_shnum; i++)
		if (sections[i].sh_type == SHT_SYMTAB)
			symtab = &sections[i];
	for (uint64_t i = 1; symtab && i < symtab->sh_size / sizeof(Elf64_Sym); i++) {
		const Elf64_Sym *symbol =
			(const Elf64_Sym *)(const void *)(target->payload + symtab->sh_offset) + i;
		const char *name =
			(const char *)target->payload + sections[symtab->sh_link].sh_offset + symbol->st_name;
		bool replaces = false;

		for (size_t f = 0; f < target->function_count; f++)
			replaces |= target->functions[f].symbol == i;
		for (size_t p = 0; p < target->part_count; p++)
			replaces |= target->parts[p].symbol == i && strstr(name, ".cold");
		if (ELF64_ST_TYPE(symbol->st_info) == type && symbol->st_shndx != SHN_UNDEF && !replaces &&
		    strncmp(name, "hp.", 3))
			json_array_append_new(array, json_string(name));
	}
	return array;
}

static json_t *target_facts(const struct build *build, size_t at)
{
	const struct hp_target *target = &build->targets[at];
	json_t *facts = json_object(), *functions = json_array();

	for (size_t i = 0; i < target->function_count; i++)
		json_array_append_new(functions, json_string(target->functions[i].name));
	json_object_set_new(facts, "image", json_string(target->name));
	json_object_set_new(facts, "paths", json_string(build->target_paths[at]));
	json_object_set_new(facts, "build_id", build_id(target));
	json_object_set_new(facts, "replaced", functions);
	set_list(facts, "new_functions", new_names(target, STT_FUNC));
	set_list(facts, "new_data", new_names(target, STT_OBJECT));
	return facts;
}

static json_t *overrides(const struct build *build)
{
	json_t *array = json_array();

	for (size_t i = 0; i < build->overridden_count; i++) {
		json_t *entry = json_object();

		set_text(entry, "code", build->overridden[i].code);
		set_text(entry, "object", build->overridden[i].object);
		set_text(entry, "symbol", build->overridden[i].symbol);
		set_text(entry, "message", build->overridden[i].message);
		json_array_append_new(array, entry);
	}
	return array;
}

static json_t *uncovered(const struct build *build)
{
	json_t *array = json_array();

	for (size_t i = 0; i < build->uncovered_count; i++) {
		json_t *entry = json_object();

		set_text(entry, "image", build->uncovered[i].path);
		set_text(entry, "reason", build->uncovered[i].reason);
		json_array_append_new(array, entry);
	}
	return array;
}

// ---- appliers --------------------------------------------------------------------------------------------------

static const char *upatch_objection(const struct hp_target *target)
{
	for (size_t i = 0; i < target->function_count; i++)
		if (target->functions[i].old_size < 16)
			return "a function is shorter than the 16 bytes it overwrites";
	for (size_t i = 0; i < target->binding_count; i++)
		if (target->bindings[i].kind == HP_BIND_TLS_MODULE ||
		    target->bindings[i].kind == HP_BIND_TLS_OFFSET)
			return "thread-local storage of a library";
	return NULL;
}

static const char *libcare_objection(const struct hp_target *target)
{
	for (size_t i = 0; i < target->function_count; i++)
		if (target->functions[i].old_size < 5)
			return "a function is shorter than the jump";
	for (size_t i = 0; i < target->binding_count; i++)
		if (target->bindings[i].kind == HP_BIND_TLS_MODULE)
			return "dynamic thread-local storage";
	return NULL;
}

static const char *libpulp_objection(const struct hp_target *target)
{
	for (size_t i = 0; i < target->function_count; i++)
		if (target->functions[i].pad_before < 14 || target->functions[i].pad_after < 2)
			return "image has no entry padding";
	return NULL;
}

static bool is_kernel(const struct hp_target *target)
{
	return target->kind == HP_TARGET_LINUX || target->kind == HP_TARGET_LINUX_MODULE;
}

void judge_appliers(const struct build *build, struct verdict verdicts[APPLIER_COUNT])
{
	static const char *const names[APPLIER_COUNT] = {"process", "libcare", "upatch",
							 "libpulp", "klp",     "xen"};

	for (size_t i = 0; i < APPLIER_COUNT; i++)
		verdicts[i] = (struct verdict){.applier = names[i], .yes = true};
	verdicts[5].reason = "not a hypervisor";
	for (size_t i = 0; i < build->target_count; i++) {
		const struct hp_target *target = &build->targets[i];

		for (size_t k = 0; k < 4 && is_kernel(target); k++)
			verdicts[k].reason = "a kernel, no process";
		if (!is_kernel(target))
			verdicts[4].reason = "not a kernel";
		if (!verdicts[1].reason)
			verdicts[1].reason = libcare_objection(target);
		if (!verdicts[2].reason)
			verdicts[2].reason = upatch_objection(target);
		if (!verdicts[3].reason)
			verdicts[3].reason = libpulp_objection(target);
	}
	for (size_t i = 0; i < APPLIER_COUNT; i++)
		verdicts[i].yes = !verdicts[i].reason;
}

static json_t *appliers(const struct build *build)
{
	struct verdict verdicts[APPLIER_COUNT];
	json_t *array = json_array();

	judge_appliers(build, verdicts);
	for (size_t i = 0; i < APPLIER_COUNT; i++) {
		json_t *entry = json_object();

		set_text(entry, "applier", verdicts[i].applier);
		json_object_set_new(entry, "possible", json_boolean(verdicts[i].yes));
		set_text(entry, "reason", verdicts[i].reason);
		json_array_append_new(array, entry);
	}
	return array;
}

char *make_manifest(const struct request *request, const struct build *build)
{
	json_t *manifest = json_object(), *targets = json_array(), *tool = json_object();
	char *text;

	json_object_set_new(manifest, "schema", json_integer(1));
	set_text(manifest, "id", request->id);
	set_text(manifest, "title", request->title);
	set_text(manifest, "severity", request->severity);
	set_text(manifest, "url", request->url);
	set_list(manifest, "fixes", texts(&request->fixes));
	set_list(manifest, "requires", texts(&request->requires));
	set_list(manifest, "supersedes", texts(&request->supersedes));
	for (size_t i = 0; i < build->target_count; i++)
		json_array_append_new(targets, target_facts(build, i));
	json_object_set_new(manifest, "targets", targets);
	set_list(manifest, "uncovered", uncovered(build));
	set_list(manifest, "overridden", overrides(build));
	json_object_set_new(manifest, "appliers", appliers(build));
	set_text(tool, "name", "hp-build");
	set_text(tool, "version", HP_TOOL_VERSION);
	json_object_set_new(manifest, "tool", tool);
	text = json_dumps(manifest, JSON_COMPACT);
	json_decref(manifest);
	return text;
}
