// SPDX-License-Identifier: GPL-3.0-or-later
// Reads the manifest. An applier needs little of it; a package without one of these texts is still applied.
#include "apply/facts.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

// Texts of the manifest reach terminals and the system log: only printable ones are passed on.
static const char *clean_text(struct arena *arena, const char *text)
{
	char *copy = arena_strdup(arena, text ? text : "");

	for (char *at = copy; *at; at++) {
		if ((unsigned char)*at < 0x20 || (unsigned char)*at == 0x7f)
			*at = '?';
	}
	return copy;
}

static const char **read_texts(struct arena *arena, json_t *list, size_t *count)
{
	size_t size = json_is_array(list) ? json_array_size(list) : 0;
	const char **texts = arena_array(arena, size + 1, sizeof(char *));

	*count = 0;
	for (size_t i = 0; i < size; i++) {
		const char *text = json_string_value(json_array_get(list, i));

		if (text)
			texts[(*count)++] = clean_text(arena, text);
	}
	return texts;
}

static void read_facts(struct package_facts *facts, const char *manifest, size_t size)
{
	json_t *root = json_loadb(manifest, size, 0, NULL);

	facts->id = clean_text(facts->arena, json_string_value(json_object_get(root, "id")));
	facts->title = clean_text(facts->arena, json_string_value(json_object_get(root, "title")));
	facts->fixes = read_texts(facts->arena, json_object_get(root, "fixes"), &facts->fix_count);
	facts->requires = read_texts(facts->arena, json_object_get(root, "requires"), &facts->require_count);
	facts->supersedes =
		read_texts(facts->arena, json_object_get(root, "supersedes"), &facts->supersede_count);
	json_decref(root);
}

// Without an id the digest names it.
static void name_by_digest(struct patch *patch)
{
	if (!*patch->facts.id)
		patch->facts.id = arena_printf(patch->facts.arena, "sha256:%02x%02x%02x%02x%02x%02x",
					       patch->digest[0], patch->digest[1], patch->digest[2],
					       patch->digest[3], patch->digest[4], patch->digest[5]);
}

void patch_read(struct patch *patch, struct hp_package *package, struct arena *arena)
{
	const char *manifest;
	size_t size;

	patch->package = package;
	patch->facts.arena = arena;
	hp_digest(package, patch->digest);
	manifest = hp_manifest(package, &size);
	read_facts(&patch->facts, manifest, size);
	name_by_digest(patch);
}

int patch_open(const char *path, struct patch **patch, char **message)
{
	struct hp_package *package;
	struct hp_error error = {0};
	struct arena *arena;
	int status = hp_open(path, &package, &error);

	*patch = NULL;
	if (status) {
		*message = xasprintf("%s", error.message);
		return status;
	}
	arena = arena_new();
	*patch = arena_alloc(arena, sizeof(**patch));
	patch_read(*patch, package, arena);
	return 0;
}

void patch_close(struct patch *patch)
{
	if (!patch)
		return;
	hp_close(patch->package);
	arena_free(patch->facts.arena);
}
