// SPDX-License-Identifier: GPL-3.0-or-later
// What was done, for people, for programs, and for the system log.
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "tools/hp-apply.h"

static const char *place_name(const struct entry *entry, char *text, size_t size)
{
	if (*entry->container)
		snprintf(text, size, "container %.12s", entry->container);
	else
		snprintf(text, size, "%s",
			 *entry->unit && !strstr(entry->unit, ".scope") ? entry->unit : entry->comm);
	return text;
}

static bool succeeded(const struct entry *entry)
{
	return entry->result.outcome == OUTCOME_DONE &&
	       (!entry->probe ||
		(strcmp(entry->probe, "failed-before") && strcmp(entry->probe, "failed-after")));
}

// A process that does not have the package to take back is no failure, but was not reverted either.
static bool lacks_package(const struct entry *entry)
{
	return succeeded(entry) && !strcmp(entry->result.state, "not-active") && entry->result.message;
}

static void print_probe(const struct entry *entry)
{
	if (!entry->probe)
		return;
	if (!strcmp(entry->probe, "ok"))
		printf("   probe ok before, after");
	else if (!strcmp(entry->probe, "failed-before"))
		printf("   probe failed before: nothing changed");
	else
		printf("   probe failed after%s",
		       !strcmp(entry->result.state, "reverted") ? ": reverted" : "");
}

static void print_entry(const struct entry *entry)
{
	const struct apply_result *result = &entry->result;
	char place[300];

	printf("  %-6d %-23s ", entry->pid, place_name(entry, place, sizeof(place)));
	if (result->threads)
		printf(" %u thread%s  ", result->threads, result->threads == 1 ? "" : "s");
	if (result->outcome != OUTCOME_DONE) {
		printf(" NOT %s: %s", result->outcome == OUTCOME_GONE ? "there any more" : "changed",
		       result->message ? result->message : "");
		if (result->code)
			printf(" [%s]", result->code);
		print_probe(entry);
		printf("\n");
		return;
	}
	printf(" %s", !strcmp(result->state, "already-active") ? "already active"
		      : !strcmp(result->state, "not-active")
			      ? (result->message ? "not active" : "already inactive")
		      : !strcmp(result->state, "would-patch")  ? "can be patched"
		      : !strcmp(result->state, "would-revert") ? "can be reverted"
							       : result->state);
	if (result->message)
		printf(": %s", result->message);
	if (result->pause_us || result->verified)
		printf(", %zu/%zu verified   stood still %" PRIu64 " µs", result->verified, result->functions,
		       result->pause_us);
	print_probe(entry);
	if (result->retries)
		printf("   %u retr%s", result->retries, result->retries == 1 ? "y" : "ies");
	if (result->cleared)
		printf("   (%s)", result->cleared);
	if (result->child_count) {
		printf("   forked children:");
		for (size_t i = 0; i < result->child_count; i++)
			printf(" %s", result->children[i]);
	}
	printf("\n");
}

// One that was brought in and never switched on (the process was busy, or the applier died) says so.
static const char *package_state_name(const struct active_package *package)
{
	return package->active ? "active" : package->ever_active ? "inactive" : "prepared";
}

// Only where there is something to say: an image that the package is not, or not any more, in force at.
static void print_images(const struct active_package *package)
{
	static const char *const meaning[] = {
		[IMAGE_ACTIVE] = "",
		[IMAGE_STALE] =
			": loaded after the package was applied, it runs its old code; apply it again",
		[IMAGE_GONE] = ": unmapped",
		[IMAGE_CHANGED] = ": see the functions above",
	};
	bool all = true;

	for (size_t i = 0; i < package->image_count; i++)
		all &= package->images[i].state == IMAGE_ACTIVE;
	for (size_t i = 0; !all && i < package->image_count; i++) {
		const struct active_image *image = &package->images[i];

		printf("    %s at 0x%" PRIx64 " %s%s\n", image->path, image->base,
		       image_state_name(image->state), meaning[image->state]);
	}
}

static void print_packages(const struct entry *entry)
{
	const struct patch_state *state = &entry->state;
	char place[300];

	printf("%d %s", entry->pid, place_name(entry, place, sizeof(place)));
	if (entry->error) {
		printf(": %s\n", entry->error);
		return;
	}
	if (entry->code)
		printf(" runs %s%s;",
		       !strcmp(entry->code, "other")    ? "another build, "
		       : !strcmp(entry->code, "partly") ? "partly patched code"
		       : !strcmp(entry->code, "old")    ? "old code"
							: "patched code",
		       entry->build);
	printf(" generation %" PRIu64 "%s\n", state->generation,
	       state->prepared ? " (an applier that died prepared a switch; the next run clears it)" : "");
	for (size_t i = 0; i < state->package_count; i++) {
		const struct active_package *package = &state->packages[i];
		size_t intact = 0;

		for (size_t j = 0; j < package->function_count; j++)
			intact += package->functions[j].intact;
		printf("  %-16s %-8s %zu function%s", package->id, package_state_name(package),
		       package->function_count, package->function_count == 1 ? "" : "s");
		if (package->active)
			printf(", %zu intact", intact);
		for (size_t j = 0; j < package->fix_count; j++)
			printf("%s%s", j ? ", " : "   fixes ", package->fixes[j]);
		if (*package->title)
			printf("   %s", package->title);
		if (*package->baseline)
			printf("   baseline %s", package->baseline);
		printf("\n");
		for (size_t j = 0; package->active && j < package->function_count; j++) {
			if (!package->functions[j].intact)
				printf("    %s: %s\n", package->functions[j].name,
				       package->functions[j].problem);
		}
		print_images(package);
	}
}

static void print_summary(const struct report *report)
{
	size_t good = 0, busy = 0, refused = 0, total = report->entries.count;
	bool revert = report->request->action != ACTION_APPLY;

	for (size_t i = 0; i < total; i++) {
		const struct entry *entry = &report->entries.at[i];

		good += succeeded(entry) && !lacks_package(entry);
		busy += entry->result.outcome == OUTCOME_BUSY;
		refused += !succeeded(entry) && entry->result.outcome != OUTCOME_BUSY;
	}
	printf("%zu of %zu %s", good, total,
	       report->request->check ? (revert ? "can be reverted" : "can be patched")
	       : revert               ? "reverted"
				      : "patched");
	if (busy)
		printf(", %zu busy", busy);
	if (refused)
		printf(", %zu refused", refused);
	printf(".");
	if (!revert && good && !report->request->check)
		printf(" Undo: hp-apply --revert=%s", report->id);
	printf("\n");
}

static void print_head(const struct report *report)
{
	size_t total = report->entries.count;

	if (!report->facts)
		return;
	printf("%s", report->facts->id);
	for (size_t i = 0; i < report->facts->fix_count; i++)
		printf("%s%s", i ? ", " : " fixes ", report->facts->fixes[i]);
	printf("; %s", report->signature);
	if (*report->build_ids)
		printf("; %zu process%s map%s %s", total, total == 1 ? "" : "es", total == 1 ? "s" : "",
		       report->build_ids);
	printf("\n");
}

static size_t count_code(const struct report *report, const char *code)
{
	size_t count = 0;

	for (size_t i = 0; i < report->entries.count; i++)
		count += report->entries.at[i].code && !strcmp(report->entries.at[i].code, code);
	return count;
}

static void print_codes(const struct report *report)
{
	if (report->listed)
		printf("%s: %zu run old code, %zu patched, %zu partly patched, %zu another build\n",
		       report->id, count_code(report, "old"), count_code(report, "patched"),
		       count_code(report, "partly"), count_code(report, "other"));
}

void report_print(const struct report *report)
{
	bool states = report->request->action == ACTION_LIST || report->request->action == ACTION_VERIFY;

	if (states) {
		for (size_t i = 0; i < report->entries.count; i++)
			print_packages(&report->entries.at[i]);
		print_codes(report);
		return;
	}
	print_head(report);
	for (size_t i = 0; i < report->entries.count; i++)
		print_entry(&report->entries.at[i]);
	if (report->entries.count)
		print_summary(report);
	for (size_t i = 0; i < report->old_files.count; i++)
		printf("STILL OLD ON DISK: %s is %.8s…; a restart loses the fix\n",
		       report->old_files.at[i].path, report->old_files.at[i].build_id);
}

static void set_text(json_t *object, const char *key, const char *text)
{
	json_object_set_new(object, key, text && *text ? json_string(text) : json_null());
}

static json_t *texts_json(const char *const *texts, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_string(texts[i]));
	return list;
}

static json_t *function_json(const struct active_function *function)
{
	json_t *object = json_object();
	char address[32];

	snprintf(address, sizeof(address), "0x%" PRIx64, function->address);
	set_text(object, "name", function->name);
	set_text(object, "address", address);
	json_object_set_new(object, "intact", json_boolean(function->intact));
	set_text(object, "problem", function->problem);
	return object;
}

static json_t *image_json(const struct active_image *image)
{
	json_t *object = json_object();
	char address[32];

	snprintf(address, sizeof(address), "0x%" PRIx64, image->base);
	set_text(object, "path", image->path);
	set_text(object, "address", address);
	set_text(object, "state", image_state_name(image->state));
	return object;
}

static json_t *package_json(const struct active_package *package)
{
	json_t *object = json_object(), *functions = json_array(), *images = json_array();

	set_text(object, "id", package->id);
	set_text(object, "title", package->title);
	set_text(object, "baseline", package->baseline);
	json_object_set_new(object, "fixes", texts_json(package->fixes, package->fix_count));
	json_object_set_new(object, "active", json_boolean(package->active));
	json_object_set_new(object, "generation", json_integer((json_int_t)package->generation));
	for (size_t i = 0; i < package->function_count; i++)
		json_array_append_new(functions, function_json(&package->functions[i]));
	json_object_set_new(object, "functions", functions);
	set_text(object, "state", package_state_name(package));
	for (size_t i = 0; i < package->image_count; i++)
		json_array_append_new(images, image_json(&package->images[i]));
	json_object_set_new(object, "images", images);
	return object;
}

static json_t *entry_json(const struct entry *entry)
{
	const struct apply_result *result = &entry->result;
	json_t *object = json_object();

	json_object_set_new(object, "pid", json_integer(entry->pid));
	set_text(object, "comm", entry->comm);
	set_text(object, "unit", entry->unit);
	set_text(object, "container", entry->container);
	if (entry->has_state || entry->error) {
		json_t *packages = json_array();

		json_object_set_new(object, "generation", json_integer((json_int_t)entry->state.generation));
		json_object_set_new(object, "prepared", json_integer((json_int_t)entry->state.prepared));
		for (size_t i = 0; i < entry->state.package_count; i++)
			json_array_append_new(packages, package_json(&entry->state.packages[i]));
		json_object_set_new(object, "packages", packages);
		set_text(object, "message", entry->error);
		if (entry->code)
			set_text(object, "code", entry->code);
		return object;
	}
	set_text(object, "state", result->state);
	json_object_set_new(object, "functions", json_integer((json_int_t)result->functions));
	json_object_set_new(object, "verified", json_integer((json_int_t)result->verified));
	json_object_set_new(object, "threads", json_integer(result->threads));
	json_object_set_new(object, "retries", json_integer(result->retries));
	json_object_set_new(object, "pause_us", json_integer((json_int_t)result->pause_us));
	set_text(object, "probe", entry->probe);
	set_text(object, "code", result->code);
	set_text(object, "message", result->message);
	set_text(object, "cleared", result->cleared);
	json_object_set_new(object, "children", texts_json(result->children, result->child_count));
	return object;
}

void report_json(const struct report *report)
{
	json_t *root = json_object(), *processes = json_array(), *files = json_array();

	json_object_set_new(root, "schema", json_integer(1));
	set_text(root, "id", report->id);
	if (report->facts) {
		set_text(root, "title", report->facts->title);
		json_object_set_new(root, "fixes",
				    texts_json(report->facts->fixes, report->facts->fix_count));
		set_text(root, "signature", report->signature);
	}
	for (size_t i = 0; i < report->entries.count; i++)
		json_array_append_new(processes, entry_json(&report->entries.at[i]));
	json_object_set_new(root, "processes", processes);
	for (size_t i = 0; i < report->old_files.count; i++) {
		json_t *file = json_object();

		set_text(file, "path", report->old_files.at[i].path);
		set_text(file, "build_id", report->old_files.at[i].build_id);
		json_array_append_new(files, file);
	}
	json_object_set_new(root, "still_old_on_disk", files);
	json_object_set_new(root, "not_looked_at", json_integer((json_int_t)report->unseen));
	if (report->livepatches)
		json_object_set_new(root, "livepatches", report->livepatches);
	if (report->reverted)
		json_object_set_new(root, "reverted_livepatches", report->reverted);
	json_dumpf(root, stdout, JSON_INDENT(2));
	printf("\n");
	json_decref(root);
}

static int entry_status(const struct report *report, const struct entry *entry)
{
	if (entry->error)
		return STATUS_REFUSED;
	if (entry->has_state) {
		for (size_t i = 0; report->request->action == ACTION_VERIFY && i < entry->state.package_count;
		     i++) {
			const struct active_package *package = &entry->state.packages[i];

			for (size_t j = 0; package->active && j < package->function_count; j++) {
				if (!package->functions[j].intact)
					return STATUS_REFUSED;
			}
			for (size_t j = 0; j < package->image_count; j++) {
				if (package->images[j].state == IMAGE_STALE)
					return STATUS_REFUSED;
			}
		}
		return STATUS_DONE;
	}
	if (entry->result.outcome == OUTCOME_BUSY)
		return STATUS_BUSY;
	if (entry->result.outcome == OUTCOME_GONE)
		return report->request->pids.count ? STATUS_REFUSED : STATUS_DONE;
	return succeeded(entry) ? STATUS_DONE : STATUS_REFUSED;
}

int report_status(const struct report *report)
{
	int worst = STATUS_DONE;

	for (size_t i = 0; i < report->entries.count; i++) {
		int status = entry_status(report, &report->entries.at[i]);

		if (status > worst)
			worst = status;
	}
	return worst;
}

// A name with blanks in it must not look like fields of its own.
static const char *one_word(const char *text, char *copy, size_t size)
{
	snprintf(copy, size, "%s", text ? text : "");
	for (char *at = copy; *at; at++) {
		if (*at == ' ' || *at == '=')
			*at = '_';
	}
	return copy;
}

// One line with stable fields for each process.
void log_entry(const struct report *report, const struct entry *entry)
{
	const struct apply_result *result = &entry->result;
	bool revert = report->request->action != ACTION_APPLY;
	char id[256], comm[64], unit[256], container[128];

	if (report->request->check)
		return;
	syslog(succeeded(entry) ? LOG_NOTICE : LOG_WARNING,
	       "HP_ACTION=%s HP_ID=%s HP_PID=%d HP_COMM=%s HP_UNIT=%s HP_CONTAINER=%s HP_STATE=%s "
	       "HP_FUNCTIONS=%zu HP_PAUSE_US=%" PRIu64 " HP_PROBE=%s HP_CODE=%s HP_MESSAGE=%s",
	       revert ? "revert" : "apply", one_word(report->id ? report->id : "all", id, sizeof(id)),
	       entry->pid, one_word(entry->comm, comm, sizeof(comm)),
	       one_word(entry->unit, unit, sizeof(unit)),
	       one_word(entry->container, container, sizeof(container)), result->state ? result->state : "",
	       result->functions, result->pause_us, entry->probe ? entry->probe : "",
	       result->code ? result->code : "", result->message ? result->message : "");
}
