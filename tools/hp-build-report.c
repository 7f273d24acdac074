// SPDX-License-Identifier: GPL-3.0-or-later
// What hp-build says after it has built: the summary for people, and --json.
#include <errno.h>
#include <jansson.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "tools/hp-build.h"

static const char *hex(const uint8_t *bytes, size_t size, char *text)
{
	for (size_t i = 0; i < size; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	return text;
}

// 2112 -> "2,112"
static const char *grouped(size_t number, char text[32])
{
	char digits[24];
	size_t length = (size_t)snprintf(digits, sizeof(digits), "%zu", number), out = 0;

	for (size_t i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			text[out++] = ',';
		text[out++] = digits[i];
	}
	text[out] = '\0';
	return text;
}

static void print_target(const struct build *build, size_t at)
{
	const struct hp_target *target = &build->targets[at];
	size_t names = 1;
	char id[33];

	for (const char *comma = build->target_paths[at]; (comma = strstr(comma, ", ")); comma++)
		names++;
	printf("  target    %s, build ID %s…", target->name,
	       hex(target->build_id, target->build_id_size < 4 ? target->build_id_size : 4, id));
	if (names > 1)
		printf(" (one image under %zu names)", names);
	printf("\n  replaces  ");
	for (size_t i = 0; i < target->function_count; i++)
		printf("%s%s", i ? ", " : "", target->functions[i].name);
	printf("    %zu of %zu match the image byte for byte\n", target->function_count,
	       target->function_count);
	printf("  brings    ");
	if (!target->state_count)
		printf("no data");
	for (size_t i = 0; i < target->state_count; i++)
		printf("%s%s", i ? ", " : "", target->states[i].name);
	printf("; refers to %zu existing symbol%s", build->existing[at], build->existing[at] == 1 ? "" : "s");
	if (build->through_slots[at])
		printf(", %zu through the image's own slots", build->through_slots[at]);
	printf("\n");
	if (target->hook_count)
		printf("  runs      %zu hook%s\n", target->hook_count, target->hook_count == 1 ? "" : "s");
}

static void print_appliers(const struct build *build)
{
	struct verdict verdicts[APPLIER_COUNT];

	judge_appliers(build, verdicts);
	printf("  appliers  ");
	for (size_t i = 0; i < APPLIER_COUNT; i++) {
		printf("%s%s %s", i ? " · " : "", verdicts[i].applier, verdicts[i].yes ? "yes" : "NO");
		if (!verdicts[i].yes)
			printf(" (%s)", verdicts[i].reason);
	}
	printf("\n");
}

void print_report(const struct request *request, const struct build *build, const struct package *package)
{
	char size[32], digest[65], key[17];

	printf("%s: %s bytes, sha256 %.6s…", request->dry ? request->id : request->output,
	       grouped(package->size, size), hex(package->digest, 32, digest));
	if (package->is_signed)
		printf(", signed by %.4s…", hex(package->key, 8, key));
	printf("%s\n", request->dry ? ", not written (-n)" : "");
	for (size_t i = 0; i < build->target_count; i++)
		print_target(build, i);
	for (size_t i = 0; i < build->uncovered_count; i++)
		printf("  leaves    %s: %s\n", build->uncovered[i].path, build->uncovered[i].reason);
	for (size_t i = 0; i < build->overridden_count; i++)
		printf("  overrides %s: %s\n", build->overridden[i].code, build->overridden[i].message);
	print_appliers(build);
}

// ---- JSON ------------------------------------------------------------------------------------------------------

static void set_text(json_t *object, const char *key, const char *text)
{
	json_object_set_new(object, key, text ? json_string(text) : json_null());
}

static const char *const change_names[] = {
	[CHANGE_BYTES] = "bytes",     [CHANGE_IMMEDIATE] = "immediate", [CHANGE_TARGET] = "target",
	[CHANGE_SIZE] = "size",       [CHANGE_ATTRIBUTE] = "attribute", [CHANGE_PART] = "part",
	[CHANGE_READS] = "reads",     [CHANGE_INLINED] = "inlined",     [CHANGE_NEW] = "new",
	[CHANGE_REMOVED] = "removed",
};

static json_t *reasons(const struct unit *unit)
{
	json_t *array = json_array();

	for (size_t i = 0; i < unit->change_count; i++) {
		const struct change *change = &unit->changes[i];
		json_t *entry = json_object();

		set_text(entry, "what", change->text ? change->text : change_names[change->kind]);
		json_object_set_new(entry, "at", json_integer((json_int_t)change->at_new));
		set_text(entry, "old", change->old);
		set_text(entry, "new", change->new);
		set_text(entry, "file", change->file);
		json_object_set_new(entry, "line", json_integer(change->line));
		json_array_append_new(array, entry);
	}
	return array;
}

static void add_unit(json_t *functions, json_t *data, const struct unit *unit)
{
	static const char *const statuses[] = {"same", "changed", "new", "removed"};
	json_t *entry;

	if (unit->status == UNIT_SAME || (unit->kind != UNIT_FUNCTION && unit->kind != UNIT_DATUM))
		return;
	entry = json_object();
	set_text(entry, "name", unit->name);
	set_text(entry, "status", statuses[unit->status]);
	if (unit->kind == UNIT_FUNCTION) {
		json_object_set_new(entry, "reason", reasons(unit));
		json_array_append_new(functions, entry);
	} else {
		set_text(entry, "section", unit->section->name);
		json_array_append_new(data, entry);
	}
}

static json_t *object_entry(const struct pair *pair)
{
	json_t *entry = json_object(), *functions = json_array(), *data = json_array();

	set_text(entry, "path", pair->path);
	set_text(entry, "status",
		 pair->status == PAIR_NEW       ? "new"
		 : pair->status == PAIR_REMOVED ? "removed"
						: "changed");
	for (size_t i = 0; pair->new &&i < pair->new->unit_count; i++)
		add_unit(functions, data, &pair->new->units[i]);
	for (size_t i = 0; pair->old && i < pair->old->unit_count; i++)
		if (pair->old->units[i].status == UNIT_REMOVED)
			add_unit(functions, data, &pair->old->units[i]);
	json_object_set_new(entry, "functions", functions);
	json_object_set_new(entry, "data", data);
	return entry;
}

static json_t *findings(const struct diags *diags, enum severity severity)
{
	json_t *array = json_array();

	for (size_t i = 0; i < diags_count(diags); i++) {
		const struct diag *diag = diags_at(diags, i);
		json_t *entry;

		if (diag->severity != severity)
			continue;
		entry = json_object();
		set_text(entry, "code", diag->code);
		set_text(entry, "object", diag->object);
		set_text(entry, "section", diag->section);
		set_text(entry, "symbol", diag->symbol);
		set_text(entry, "file", diag->file);
		json_object_set_new(entry, "line", json_integer(diag->line));
		set_text(entry, "message", diag->message);
		if (diag->allowed)
			json_object_set_new(entry, "allowed", json_true());
		json_array_append_new(array, entry);
	}
	return array;
}

static json_t *suppressed(const struct diff *diff)
{
	json_t *array = json_array();

	for (size_t i = 0; i < diff->pair_count; i++) {
		for (size_t s = 0; s < diff->pairs[i].suppressed_count; s++) {
			const struct suppressed *what = &diff->pairs[i].suppressed[s];
			json_t *entry = json_object();

			set_text(entry, "object", diff->pairs[i].path);
			set_text(entry, "function", what->function);
			set_text(entry, "what", what->what);
			json_object_set_new(entry, "old", json_integer(what->old));
			json_object_set_new(entry, "new", json_integer(what->new));
			json_array_append_new(array, entry);
		}
	}
	return array;
}

static json_t *package_entry(const struct request *request, const struct build *build,
			     const struct package *package)
{
	json_t *entry = json_object(), *targets = json_array();
	char text[129];

	set_text(entry, "file", request->dry ? NULL : request->output);
	set_text(entry, "id", request->id);
	json_object_set_new(entry, "bytes", json_integer((json_int_t)package->size));
	set_text(entry, "sha256", hex(package->digest, 32, text));
	for (size_t i = 0; i < build->target_count; i++) {
		const struct hp_target *target = &build->targets[i];
		json_t *one = json_object(), *functions = json_array();

		set_text(one, "image", target->name);
		set_text(
			one, "build_id",
			hex(target->build_id, target->build_id_size < 64 ? target->build_id_size : 64, text));
		for (size_t f = 0; f < target->function_count; f++)
			json_array_append_new(functions, json_string(target->functions[f].name));
		json_object_set_new(one, "functions", functions);
		json_array_append_new(targets, one);
	}
	json_object_set_new(entry, "targets", targets);
	return entry;
}

int write_json(const struct request *request, const struct diff *diff, const struct diags *diags,
	       const struct build *build, const struct package *package)
{
	json_t *document = json_object(), *objects = json_array();
	char *text;
	int error;

	json_object_set_new(document, "schema", json_integer(1));
	for (size_t i = 0; diff && i < diff->pair_count; i++)
		if (diff->pairs[i].status != PAIR_SAME)
			json_array_append_new(objects, object_entry(&diff->pairs[i]));
	json_object_set_new(document, "objects", objects);
	json_object_set_new(document, "suppressed", diff ? suppressed(diff) : json_array());
	json_object_set_new(document, "refusals", findings(diags, DIAG_REFUSAL));
	json_object_set_new(document, "warnings", findings(diags, DIAG_WARNING));
	json_object_set_new(document, "errors", findings(diags, DIAG_ERROR));
	json_object_set_new(document, "package",
			    package ? package_entry(request, build, package) : json_null());
	text = json_dumps(document, JSON_INDENT(1));
	json_decref(document);
	if (!text)
		return -ENOMEM;
	error = file_write(request->json, text, strlen(text));
	free(text);
	return error;
}
