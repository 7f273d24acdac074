// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Where __LINE__ and its like were expanded. GCC keeps a map for each expansion within another macro
 * (-ftrack-macro-expansion=2, which is the default); those that stand in the source itself leave no trace, so the files
 * of functions are searched for them. Sources that come preprocessed have neither.
 *
 * A constant of the code cannot be followed back to the token it came from: equal constants are one node in GCC. So
 * the notes tell at which places of the source a value of that kind arose, and a reader may hold an immediate for a
 * line only if there is one at its place. One place too many (in a comment) takes nothing away.
 */
#include "facts.h"

static const char *const macros[] = {"__LINE__", "__COUNTER__", "__DATE__", "__TIME__", "__TIMESTAMP__"};

static bool depends_on_place(const char *macro)
{
	if (macro[0] != '_')
		return false;
	for (size_t i = 0; i < sizeof(macros) / sizeof(*macros); i++)
		if (!strcmp(macro, macros[i]))
			return true;
	return false;
}

static char *read_file(const char *path, size_t *size)
{
	FILE *file = fopen(path, "rb");
	struct text text = {};
	char buffer[65536];
	size_t got;

	if (!file)
		return NULL;
	while ((got = fread(buffer, 1, sizeof(buffer), file)) > 0)
		text_add(&text, buffer, got);
	fclose(file);
	text_add(&text, "", 0);
	*size = text.size;
	return text.at;
}

static unsigned lines_between(const char *from, const char *to)
{
	unsigned lines = 0;

	while ((from = (const char *)memchr(from, '\n', to - from))) {
		lines++;
		from++;
	}
	return lines;
}

static bool is_directive(const char *start, const char *at)
{
	while (at > start && at[-1] != '\n')
		at--;
	while (*at == ' ' || *at == '\t')
		at++;
	return *at == '#';
}

bool search_file(const char *path)
{
	size_t size;
	char *text = read_file(path, &size);

	if (!text)
		return false;
	for (size_t i = 0; i < sizeof(macros) / sizeof(*macros); i++) {
		const char *last = text, *at = text;
		unsigned line = 1;

		while ((at = strstr(at, macros[i]))) {
			struct place_fact *place;

			line += lines_between(last, at);
			last = at;
			at += strlen(macros[i]);
			if (is_directive(text, last))
				continue;
			place = list_push(&facts.places);
			place->macro = macros[i];
			place->file = path;
			place->line = line;
		}
	}
	free(text);
	return true;
}

bool knows_expansions(void)
{
	for (unsigned i = 0; i < save_decoded_options_count; i++)
		if (save_decoded_options[i].opt_index == OPT_fpreprocessed ||
		    save_decoded_options[i].opt_index == OPT_ftrack_macro_expansion ||
		    save_decoded_options[i].opt_index == OPT_ftrack_macro_expansion_)
			return false;
	return !in_lto_p;
}

bool next_expansion(size_t *at, struct expansion *expansion)
{
	while (*at < LINEMAPS_MACRO_USED(line_table)) {
		const line_map_macro *map = LINEMAPS_MACRO_MAP_AT(line_table, (*at)++);
		const char *macro = linemap_map_get_macro_name(map);
		location_t place;

		if (!macro || !depends_on_place(macro))
			continue;
		// of the outermost macro: that is where its line is counted
		place = linemap_resolve_location(line_table, expansion_point(map, 0),
						 LRK_MACRO_EXPANSION_POINT, NULL);
		expansion->macro = macro;
		expansion->file = LOCATION_FILE(place);
		expansion->line = LOCATION_LINE(place);
		return true;
	}
	return false;
}
