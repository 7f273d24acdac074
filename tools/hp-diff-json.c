// SPDX-License-Identifier: GPL-3.0-or-later
// --json: one document, described by doc/hp-diff.schema.json.
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "tools/hp-diff.h"

// Names and strings of a program may hold any bytes; JSON must be UTF-8: bytes that are none become U+FFFD.
json_t *text_value(const char *text)
{
	json_t *value;
	char *clean;
	size_t length = 0;

	if (!text)
		return json_null();
	value = json_string(text);
	if (value)
		return value;
	clean = xalloc(strlen(text) * 3 + 1);
	for (; *text; text++) {
		if ((unsigned char)*text < 0x80) {
			clean[length++] = *text;
		} else {
			memcpy(clean + length, "\xef\xbf\xbd", 3);
			length += 3;
		}
	}
	clean[length] = 0;
	value = json_string(clean);
	free(clean);
	return value;
}

static void set_text(json_t *object, const char *key, const char *text)
{
	if (text)
		json_object_set_new(object, key, text_value(text));
}

const char *status_name(enum unit_status status)
{
	return status == UNIT_NEW ? "new" : status == UNIT_REMOVED ? "removed" : "changed";
}

static const char *kind_name(enum change_kind kind)
{
	static const char *const names[] = {
		[CHANGE_BYTES] = "bytes",     [CHANGE_IMMEDIATE] = "immediate", [CHANGE_TARGET] = "target",
		[CHANGE_SIZE] = "size",       [CHANGE_ATTRIBUTE] = "attribute", [CHANGE_PART] = "part",
		[CHANGE_READS] = "reads",     [CHANGE_INLINED] = "inlined",     [CHANGE_NEW] = "new",
		[CHANGE_REMOVED] = "removed",
	};

	return (size_t)kind < ARRAY_SIZE(names) ? names[kind] : "bytes";
}

static json_t *change_value(const struct change *change)
{
	json_t *value = json_object();

	set_text(value, "what", kind_name(change->kind));
	json_object_set_new(
		value, "at",
		json_integer((json_int_t)(change->kind == CHANGE_REMOVED ? change->at_old : change->at_new)));
	json_object_set_new(value, "old", text_value(change->old));
	json_object_set_new(value, "new", text_value(change->new));
	json_object_set_new(value, "file", text_value(change->file));
	json_object_set_new(value, "line", change->file ? json_integer(change->line) : json_null());
	if (change->old_file) {
		set_text(value, "old_file", change->old_file);
		json_object_set_new(value, "old_line", json_integer(change->old_line));
	}
	set_text(value, "text", change->text);
	set_text(value, "of", change->of && *change->of->name ? change->of->name : NULL);
	set_text(value, "inlined", change->of_name);
	return value;
}

static void add_function(const struct pair *pair, const struct unit *unit, void *arg)
{
	json_t *value = json_object(), *reasons = json_array();

	(void)pair;
	set_text(value, "name", unit->name);
	set_text(value, "status", status_name(unit->status));
	if (unit->match)
		set_text(value, "evidence", unit->evidence);
	if (unit->status != UNIT_NEW)
		json_object_set_new(value, "old_size",
				    json_integer((json_int_t)(unit->status == UNIT_REMOVED ? unit->size
							      : unit->match                ? unit->match->size
											   : 0)));
	if (unit->status != UNIT_REMOVED)
		json_object_set_new(value, "new_size", json_integer((json_int_t)unit->size));
	for (size_t i = 0; i < unit->change_count; i++)
		json_array_append_new(reasons, change_value(&unit->changes[i]));
	json_object_set_new(value, "reason", reasons);
	json_array_append_new(arg, value);
}

static void add_datum(const struct pair *pair, const struct unit *unit, void *arg)
{
	json_t *value = json_object(), *reasons = json_array();

	(void)pair;
	set_text(value, "name", unit->name);
	set_text(value, "status", status_name(unit->status));
	set_text(value, "section", unit->section->name);
	if (unit->match)
		set_text(value, "evidence", unit->evidence);
	for (size_t i = 0; i < unit->change_count; i++)
		json_array_append_new(reasons, change_value(&unit->changes[i]));
	json_object_set_new(value, "reason", reasons);
	json_array_append_new(arg, value);
}

static void add_match(const struct pair *pair, const struct unit *unit, void *arg)
{
	json_t *value = json_object();

	(void)pair;
	set_text(value, "old", unit->match->name);
	set_text(value, "new", unit->name);
	set_text(value, "evidence", unit->evidence);
	json_array_append_new(arg, value);
}

static json_t *pair_value(const struct pair *pair)
{
	json_t *value = json_object(), *functions = json_array(), *data = json_array();
	json_t *matches = json_array();

	set_text(value, "path", pair->path);
	set_text(value, "status",
		 pair->status == PAIR_NEW       ? "new"
		 : pair->status == PAIR_REMOVED ? "removed"
						: "changed");
	if (pair->status == PAIR_CHANGED) {
		each_difference(pair, UNIT_FUNCTION, add_function, functions);
		each_difference(pair, UNIT_DATUM, add_datum, data);
		each_uncertain_match(pair, add_match, matches);
	}
	json_object_set_new(value, "functions", functions);
	json_object_set_new(value, "data", data);
	json_object_set_new(value, "matches", matches);
	return value;
}

static json_t *suppressed_value(const struct pair *pair, const struct suppressed *suppressed)
{
	json_t *value = json_object();

	set_text(value, "object", pair->path);
	set_text(value, "function", suppressed->function);
	set_text(value, "what", suppressed->what);
	json_object_set_new(value, "old", json_integer(suppressed->old));
	json_object_set_new(value, "new", json_integer(suppressed->new));
	return value;
}

static json_t *diag_value(const struct diag *diag)
{
	json_t *value = json_object();

	set_text(value, "code", diag->code);
	json_object_set_new(value, "object", text_value(diag->object));
	json_object_set_new(value, "section", text_value(diag->section));
	json_object_set_new(value, "symbol", text_value(diag->symbol));
	json_object_set_new(value, "file", text_value(diag->file));
	json_object_set_new(value, "line", diag->file ? json_integer(diag->line) : json_null());
	set_text(value, "message", diag->message);
	return value;
}

json_t *diag_values(const struct diags *diags, enum severity severity)
{
	json_t *list = json_array();

	for (size_t i = 0; i < diags_count(diags); i++)
		if (diags_at(diags, i)->severity == severity)
			json_array_append_new(list, diag_value(diags_at(diags, i)));
	return list;
}

static json_t *type_value(const struct type_change *change)
{
	json_t *value = json_object();

	set_text(value, "name", change->name);
	json_object_set_new(value, "old_size", json_integer((json_int_t)change->old_size));
	json_object_set_new(value, "new_size", json_integer((json_int_t)change->new_size));
	json_object_set_new(value, "moved", json_integer((json_int_t)change->moved));
	json_object_set_new(value, "first", text_value(change->first));
	json_object_set_new(value, "file", text_value(change->file));
	json_object_set_new(value, "line", change->file ? json_integer(change->line) : json_null());
	return value;
}

static json_t *type_values(const struct pair *pair)
{
	json_t *list = json_array();
	struct arena *arena = arena_new();
	size_t count = 0;
	struct type_change *changes = object_type_changes(pair->old, pair->new, arena, &count);

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, type_value(&changes[i]));
	arena_free(arena);
	return list;
}

// ---- the document, written as it comes ---------------------------------------------------------------

struct writer {
	bool some;     // the list that is open has an element
	json_t *types; // by name; what is left of them when all objects are written
	bool failed;
};

// Texts of JSON hold no line break of their own: each one in VALUE's text begins a line of the document.
static void put_value(struct writer *writer, const json_t *value)
{
	char *text = json_dumps(value, JSON_INDENT(2));

	if (!text) {
		writer->failed = true;
		return;
	}
	fputs(writer->some ? ",\n    " : "\n    ", stdout);
	for (const char *at = text; *at; at++) {
		putchar(*at);
		if (*at == '\n')
			fputs("    ", stdout);
	}
	free(text);
	writer->some = true;
}

static void begin_list(struct writer *writer, const char *name)
{
	printf(",\n  \"%s\": [", name);
	writer->some = false;
}

static void end_list(const struct writer *writer)
{
	fputs(writer->some ? "\n  ]" : "]", stdout);
}

struct prepared {
	json_t *object, *types;
};

static void *prepare(const struct pair *pair, void *arg)
{
	struct prepared *prepared = xalloc(sizeof(*prepared));

	(void)arg;
	prepared->object = pair_value(pair);
	prepared->types = pair->status == PAIR_CHANGED ? type_values(pair) : json_array();
	return prepared;
}

// A structure changed in a header shows in every object that includes it: each is listed once.
static void show(const struct pair *pair, void *arg, void *to)
{
	struct prepared *prepared = arg;
	struct writer *writer = to;
	json_t *type;
	size_t i;

	(void)pair;
	put_value(writer, prepared->object);
	json_array_foreach(prepared->types, i, type)
	{
		const char *name = json_string_value(json_object_get(type, "name"));

		if (name && !json_object_get(writer->types, name))
			json_object_set(writer->types, name, type);
	}
	json_decref(prepared->object);
	json_decref(prepared->types);
	free(prepared);
}

static void put_types(struct writer *writer)
{
	const char *name;
	json_t *type;

	begin_list(writer, "types");
	json_object_foreach(writer->types, name, type) put_value(writer, type);
	end_list(writer);
}

static void put_suppressed(struct writer *writer, const struct diff *diff)
{
	begin_list(writer, "suppressed");
	for (size_t i = 0; i < diff->pair_count; i++)
		for (size_t k = 0; k < diff->pairs[i].suppressed_count; k++) {
			json_t *value = suppressed_value(&diff->pairs[i], &diff->pairs[i].suppressed[k]);

			put_value(writer, value);
			json_decref(value);
		}
	end_list(writer);
}

static void put_diags(struct writer *writer, const struct diags *diags, const char *name,
		      enum severity severity)
{
	json_t *list = diag_values(diags, severity), *value;
	size_t i;

	begin_list(writer, name);
	json_array_foreach(list, i, value) put_value(writer, value);
	json_decref(list);
	end_list(writer);
}

bool show_json(struct diff *diff, struct diags *diags, unsigned jobs)
{
	struct writer writer = {.types = json_object()};
	bool read;

	fputs("{\n  \"schema\": 1", stdout);
	begin_list(&writer, "objects");
	read = diff_visit(diff, jobs, prepare, show, &writer);
	if (diff_is_current(diff, diags) && !read)
		diags_add(diags, &(struct diag){.severity = DIAG_ERROR, .code = "unreadable"},
			  "an object could not be read a second time; its differences are missing");
	end_list(&writer);
	put_types(&writer);
	put_suppressed(&writer, diff);
	put_diags(&writer, diags, "refusals", DIAG_REFUSAL);
	put_diags(&writer, diags, "warnings", DIAG_WARNING);
	put_diags(&writer, diags, "errors", DIAG_ERROR);
	fputs("\n}\n", stdout);
	json_decref(writer.types);
	return !writer.failed;
}
