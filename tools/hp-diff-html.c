// SPDX-License-Identifier: GPL-3.0-or-later
// --html: one page without scripts or other files, to attach to a review: the listing, and the instructions folded.
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tools/hp-diff.h"

#define CONTEXT 3

static const char style[] =
	"body{font:14px/1.4 sans-serif;margin:2em}table{border-collapse:collapse}"
	"td{padding:1px 12px 1px 0;vertical-align:top}td.n{white-space:nowrap}"
	"h2{font-size:16px;border-bottom:1px solid #999}pre{font-size:12px;margin:4px 0 12px 16px}"
	".o{background:#ffe0e0}.a{background:#e0ffe0}.p{color:#666}.r{color:#a00}";

struct page {
	FILE *to;
	const struct diff *diff;
};

static void put_text(FILE *to, const char *text)
{
	for (; *text; text++) {
		if (*text == '<')
			fputs("&lt;", to);
		else if (*text == '>')
			fputs("&gt;", to);
		else if (*text == '&')
			fputs("&amp;", to);
		else
			fputc(*text, to);
	}
}

static void put_line(FILE *to, const struct patch_line *line)
{
	const char *class = line->side == '-' ? "o" : line->side == '+' ? "a" : NULL;

	if (class)
		fprintf(to, "<span class=%s>", class);
	fprintf(to, "%c %5" PRIx64 "  ", line->side, line->side == '-' ? line->old_at : line->new_at);
	put_text(to, line->text);
	if (class)
		fputs("</span>", to);
	if (line->file) {
		fputs("  <span class=p>", to);
		put_text(to, line->file);
		fprintf(to, ":%u</span>", line->line);
	}
	fputc('\n', to);
}

static void put_instructions(FILE *to, const struct unit *unit)
{
	struct arena *arena = arena_new();
	struct patch patch = unit_patch(unit->match, unit, CONTEXT, arena);

	fputs("<details><summary>instructions</summary><pre>", to);
	for (size_t i = 0; i < patch.count; i++) {
		if (i && patch.lines[i].skipped)
			fprintf(to, "<span class=p>  ... %zu equal</span>\n", patch.lines[i].skipped);
		put_line(to, &patch.lines[i]);
	}
	fputs("</pre></details>", to);
	arena_free(arena);
}

static void put_reasons(FILE *to, const struct unit *unit)
{
	for (size_t i = 0; i < unit->change_count; i++) {
		const struct change *change = &unit->changes[i];

		if (!change->text)
			continue;
		if (change->file) {
			fputs("<span class=p>", to);
			put_text(to, change->file);
			fprintf(to, ":%u</span> ", change->line);
		}
		put_text(to, change->text);
		fputs("<br>\n", to);
	}
}

static void put_unit(const struct pair *pair, const struct unit *unit, void *arg)
{
	const struct page *page = arg;

	(void)pair;
	fprintf(page->to, "<tr><td>%c<td class=n><b>", status_letter(unit->status));
	put_text(page->to, unit->name);
	fputs("</b><td class=n>", page->to);
	if (unit->status == UNIT_CHANGED && unit->match && unit->match->size != unit->size)
		fprintf(page->to, "%" PRIu64 " → ", unit->match->size);
	fprintf(page->to, "%" PRIu64 " bytes<td>", unit->size);
	put_reasons(page->to, unit);
	if (unit->kind == UNIT_FUNCTION && unit->status != UNIT_REMOVED)
		put_instructions(page->to, unit);
	fputc('\n', page->to);
}

static void put_pair(struct page *page, const struct pair *pair)
{
	if (pair->status == PAIR_SAME || pair->status == PAIR_FAILED)
		return;
	fputs("<h2>", page->to);
	put_text(page->to, pair->path);
	fprintf(page->to, "%s</h2>\n<table>\n",
		pair->status == PAIR_NEW       ? " (new)"
		: pair->status == PAIR_REMOVED ? " (removed)"
					       : "");
	if (pair->status == PAIR_CHANGED) {
		each_difference(pair, UNIT_FUNCTION, put_unit, page);
		each_difference(pair, UNIT_DATUM, put_unit, page);
	}
	fputs("</table>\n", page->to);
}

static void put_findings(FILE *to, const struct diags *diags)
{
	for (size_t i = 0; i < diags_count(diags); i++) {
		const struct diag *diag = diags_at(diags, i);

		fputs(diag->severity == DIAG_REFUSAL ? "<p class=r>hp-build would refuse: " : "<p class=r>",
		      to);
		if (diag->file && diag->line) {
			put_text(to, diag->file);
			fprintf(to, ":%u: ", diag->line);
		} else if (diag->object) {
			put_text(to, diag->object);
			fputs(": ", to);
		}
		put_text(to, diag->message);
		fprintf(to, " [%s]\n", diag->code);
	}
}

bool show_html(const struct diff *diff, struct diags *diags, const char *path)
{
	char *text = NULL;
	size_t size = 0;
	struct page page = {.to = open_memstream(&text, &size), .diff = diff};
	int error;

	if (!page.to)
		return false;
	fprintf(page.to,
		"<!DOCTYPE html>\n<html lang=en><meta charset=utf-8><title>hp-diff</title><style>%s</style>\n"
		"<p>%zu objects compared, %zu differ, %zu new, %zu removed\n",
		style, diff->compared, diff->differing, diff->added, diff->removed);
	for (size_t i = 0; i < diff->pair_count; i++)
		put_pair(&page, &diff->pairs[i]);
	put_findings(page.to, diags);
	fputs("</html>\n", page.to);
	error = fclose(page.to) ? -EIO : file_write(path, text, size);
	if (error)
		fprintf(stderr, "hp-diff: %s: cannot be written: %s\n", path, strerror(-error));
	free(text);
	return !error;
}
