// SPDX-License-Identifier: GPL-3.0-or-later
// hp-diff OLD NEW of two linked images: names and sizes. What changed within a function needs the objects.
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "tools/hp-diff.h"

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static const char *size_text(const struct image_change *change, char *buffer, size_t size)
{
	if (change->status == UNIT_CHANGED && change->old_size != change->new_size)
		snprintf(buffer, size, "%" PRIu64 " → %" PRIu64 " bytes", change->old_size, change->new_size);
	else
		snprintf(buffer, size, "%" PRIu64 " bytes",
			 change->status == UNIT_REMOVED ? change->old_size : change->new_size);
	return buffer;
}

static void show_changes(const struct image_comparison *comparison, const struct colors *colors)
{
	size_t width = 0;

	for (size_t i = 0; i < comparison->change_count; i++) {
		size_t length = strlen(comparison->changes[i].name);

		width = length > width && length <= 44 ? length : width;
	}
	for (size_t i = 0; i < comparison->change_count; i++) {
		const struct image_change *change = &comparison->changes[i];
		const char *color = change->status == UNIT_NEW       ? colors->new_text
				    : change->status == UNIT_REMOVED ? colors->old
								     : "";
		char size[64];

		printf("  %s%c %-*s%s  %s", color, status_letter(change->status), (int)width, change->name,
		       *color ? colors->end : "", size_text(change, size, sizeof(size)));
		if (!change->function)
			printf("  %s", change->section);
		if (change->status == UNIT_CHANGED)
			printf("  first difference at +0x%" PRIx64, change->at);
		if (change->file)
			printf("  %s%s%s", colors->place, change->file, colors->end);
		putchar('\n');
	}
}

static void show_list_of(const struct image_comparison *comparison, const char *path,
			 const struct colors *colors)
{
	size_t count = comparison->change_count;

	printf("1 image compared, %d differ%s, %zu functions, %zu data\n", count > 0, count ? "s" : "",
	       comparison->functions, comparison->data);
	if (!count)
		return;
	printf("%s%s%s\n", colors->head, base_name(path), colors->end);
	show_changes(comparison, colors);
	printf("build ID: %.8s… → %.8s…\n", comparison->old_build_id, comparison->new_build_id);
}

static void show_stat_of(const struct image_comparison *comparison, const char *path)
{
	size_t counts[2][3] = {0};
	int64_t bytes = 0;

	for (size_t i = 0; i < comparison->change_count; i++) {
		const struct image_change *change = &comparison->changes[i];

		counts[change->function][change->status == UNIT_NEW       ? 1
					 : change->status == UNIT_REMOVED ? 2
									  : 0]++;
		if (change->function)
			bytes += (int64_t)(change->new_size - change->old_size);
	}
	if (!comparison->change_count)
		return;
	printf(" %s | functions: %zu changed, %zu new, %zu removed, %+" PRId64
	       " bytes; data: %zu changed, %zu new, %zu removed\n",
	       base_name(path), counts[1][0], counts[1][1], counts[1][2], bytes, counts[0][0], counts[0][1],
	       counts[0][2]);
}

// ---- --json --------------------------------------------------------------------------------------

static json_t *reason_value(const struct image_change *change)
{
	bool sizes = change->status == UNIT_CHANGED && change->old_size != change->new_size;
	json_t *value = json_object();
	char old[32], new_text[32];

	snprintf(old, sizeof(old), "%" PRIu64, change->old_size);
	snprintf(new_text, sizeof(new_text), "%" PRIu64, change->new_size);
	json_object_set_new(value, "what",
			    json_string(change->status == UNIT_NEW       ? "new"
					: change->status == UNIT_REMOVED ? "removed"
					: sizes                          ? "size"
									 : "bytes"));
	json_object_set_new(value, "at", json_integer((json_int_t)change->at));
	json_object_set_new(value, "old", sizes ? json_string(old) : json_null());
	json_object_set_new(value, "new", sizes ? json_string(new_text) : json_null());
	json_object_set_new(value, "file", text_value(change->file));
	json_object_set_new(value, "line", json_null());
	return value;
}

static json_t *change_value(const struct image_change *change)
{
	json_t *value = json_object(), *reasons = json_array();

	json_object_set_new(value, "name", text_value(change->name));
	json_object_set_new(value, "status", json_string(status_name(change->status)));
	json_object_set_new(value, "section", text_value(change->section));
	if (change->status != UNIT_NEW)
		json_object_set_new(value, "old_size", json_integer((json_int_t)change->old_size));
	if (change->status != UNIT_REMOVED)
		json_object_set_new(value, "new_size", json_integer((json_int_t)change->new_size));
	json_array_append_new(reasons, reason_value(change));
	json_object_set_new(value, "reason", reasons);
	return value;
}

static json_t *image_value(const struct image_comparison *comparison, const char *path)
{
	json_t *value = json_object(), *functions = json_array(), *data = json_array();

	for (size_t i = 0; i < comparison->change_count; i++)
		json_array_append_new(comparison->changes[i].function ? functions : data,
				      change_value(&comparison->changes[i]));
	json_object_set_new(value, "path", text_value(base_name(path)));
	json_object_set_new(value, "status", json_string("changed"));
	json_object_set_new(value, "old_build_id", json_string(comparison->old_build_id));
	json_object_set_new(value, "new_build_id", json_string(comparison->new_build_id));
	json_object_set_new(value, "functions", functions);
	json_object_set_new(value, "data", data);
	return value;
}

static bool show_document(const struct image_comparison *comparison, const char *path,
			  const struct diags *diags)
{
	json_t *document = json_object(), *objects = json_array();
	bool written;

	if (comparison && comparison->change_count)
		json_array_append_new(objects, image_value(comparison, path));
	json_object_set_new(document, "schema", json_integer(1));
	json_object_set_new(document, "objects", objects);
	json_object_set_new(document, "types", json_array());
	json_object_set_new(document, "suppressed", json_array());
	json_object_set_new(document, "refusals", diag_values(diags, DIAG_REFUSAL));
	json_object_set_new(document, "warnings", diag_values(diags, DIAG_WARNING));
	json_object_set_new(document, "errors", diag_values(diags, DIAG_ERROR));
	written = !json_dumpf(document, stdout, JSON_INDENT(2)) && putchar('\n') != EOF;
	json_decref(document);
	return written;
}

bool show_images(const struct image_comparison *comparison, const char *path, const struct diags *diags,
		 enum form form, const struct colors *colors)
{
	if (form == FORM_JSON)
		return show_document(comparison, path, diags);
	if (!comparison)
		return true;
	if (form == FORM_STAT)
		show_stat_of(comparison, path);
	else
		show_list_of(comparison, path, colors);
	return true;
}
