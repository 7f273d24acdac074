// SPDX-License-Identifier: GPL-3.0-or-later
// --html: one page without scripts or other files, to attach to a review or an article: a summary, then each function's
// reasons and its instructions side by side.
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tools/hp-diff.h"

#define CONTEXT 3

static const char style[] =
	":root{color-scheme:light;--old:#ffebe9;--new:#e6ffec;--line:#d0d7de;--faint:#656d76}"
	"body{font:14px/1.45 system-ui,sans-serif;margin:2em auto;max-width:1500px;padding:0 "
	"1.5em;color:#1f2328;background:#fff}"
	"h1{font-size:20px;margin:0 0 .2em}h2{font-size:16px;margin:2em 0 "
	".5em}h3{font-size:14px;margin:0;display:inline}"
	".p{color:var(--faint)}.r{color:#a40e26}a{color:#0550ae;text-decoration:none}"
	"table{border-collapse:collapse}table.s{width:100%}table.s td,table.s th{text-align:left;padding:3px "
	"14px 3px 0;"
	"vertical-align:top;border-bottom:1px solid "
	"var(--line);overflow-wrap:break-word}td.n{white-space:nowrap}"
	".k{display:inline-block;width:1.5em;font-weight:bold}"
	"section{border:1px solid var(--line);border-radius:6px;margin:0 0 1em;padding:.6em "
	"1em}ul{margin:.4em 0;padding-left:1.2em}"
	"summary{cursor:pointer;color:var(--faint);margin:.3em 0}"
	"details{overflow-x:auto}"
	"table.c{width:100%;table-layout:fixed;font:12px/1.5 ui-monospace,monospace}"
	"table.c td{padding:0 6px;vertical-align:top;overflow-wrap:anywhere}table.c td.p{text-align:right}"
	"table.c td.i{white-space:pre-wrap}table.c.t{min-width:62em}"
	"col.at{width:4.5em}col.src{width:15em}td.src{color:var(--faint);font-size:.92em}"
	".o{background:var(--old)}.a{background:var(--new)}td.g{background:#f6f8fa}"
	"table.c tr.q td{background:#f6f8fa;text-align:center}"
	"th.e{font-weight:normal;color:var(--faint);text-align:left;padding:0 6px}"
	"@media(max-width:700px){body{margin:1em auto;padding:0 .7em}section{padding:.5em}"
	"table.s td{padding-right:8px;overflow-wrap:anywhere}table.s td.n{white-space:normal}table.s "
	"td.p{display:none}"
	"table.c{font-size:11px}}"
	"@media "
	"print{body{margin:0;max-width:none;padding:0;font-size:11px}section{break-inside:auto}"
	"h2,h3,section>ul,summary{break-after:avoid}tr{break-inside:avoid}details{overflow:visible}"
	"table.c{font-size:8px;min-width:0!important}*{print-color-adjust:exact;-webkit-print-color-adjust:"
	"exact}}";

struct page {
	FILE *to;
	const struct diff *diff;
	size_t number; // of the unit, as its anchor says
	bool summary;
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

// ---- panes ---------------------------------------------------------------------------------------

// A place that is that of the line above is not said again.
static bool says_place(const struct patch_line *line, bool old)
{
	// An equal instruction's place is known on the new side.
	return line->file && !(old && line->side == ' ');
}

static void put_cells(FILE *to, const struct patch_line *line, const struct patch_line *above, bool old)
{
	const char *class = !line ? " g" : line->side == '-' ? " o" : line->side == '+' ? " a" : "";

	if (!line) {
		fputs("<td class=g><td class=g><td class=g>", to);
		return;
	}
	fprintf(to, "<td class='p%s'>%" PRIx64 "<td class='i%s'>", class, old ? line->old_at : line->new_at,
		class);
	put_text(to, line->text);
	fprintf(to, "<td class='src%s'>", class);
	if (says_place(line, old) && !patch_same_place(line, above)) {
		put_text(to, line->file);
		fprintf(to, ":%u", line->line);
	}
}

// The lines above whose places stand in the two panes.
struct panes {
	FILE *to;
	const struct patch_line *old_above, *new_above;
	bool both; // else one pane only: the function is new, or gone
};

static void put_row(struct panes *panes, const struct patch_line *old, const struct patch_line *new_line)
{
	fputs("<tr>", panes->to);
	if (panes->both || old)
		put_cells(panes->to, old, panes->old_above, true);
	if (panes->both || new_line)
		put_cells(panes->to, new_line, panes->new_above, false);
	fputc('\n', panes->to);
	panes->old_above = old && says_place(old, true) ? old : NULL;
	panes->new_above = new_line ? new_line : panes->new_above;
}

static size_t run_of(const struct patch *patch, size_t i, char side)
{
	size_t start = i;

	while (i < patch->count && patch->lines[i].side == side && (i == start || !patch->lines[i].skipped))
		i++;
	return i - start;
}

// Removed and added instructions that follow each other stand side by side.
static void put_rows(FILE *to, const struct patch *patch, bool both)
{
	struct panes panes = {.to = to, .both = both};

	for (size_t i = 0; i < patch->count;) {
		size_t removed, added, rows;

		if (i && patch->lines[i].skipped) {
			fprintf(to, "<tr class=q><td colspan=6 class=p>%zu equal instruction%s\n",
				patch->lines[i].skipped, patch->lines[i].skipped == 1 ? "" : "s");
			panes.old_above = panes.new_above = NULL;
		}
		if (patch->lines[i].side == ' ') {
			put_row(&panes, &patch->lines[i], &patch->lines[i]);
			i++;
			continue;
		}
		removed = run_of(patch, i, '-');
		added = run_of(patch, i + removed, '+');
		rows = removed > added ? removed : added;
		for (size_t k = 0; k < rows; k++)
			put_row(&panes, k < removed ? &patch->lines[i + k] : NULL,
				k < added ? &patch->lines[i + removed + k] : NULL);
		i += rows ? removed + added : 1;
	}
}

static void put_instructions(FILE *to, const struct unit *unit)
{
	struct arena *arena = arena_new();
	const struct unit *old = unit->status == UNIT_REMOVED ? unit : unit->match;
	const struct unit *new_unit = unit->status == UNIT_REMOVED ? NULL : unit;
	struct patch patch = unit_patch(old, new_unit, CONTEXT, arena);

	if (patch.count) {
		static const char pane[] = "<col class=at><col><col class=src>";
		bool both = old && new_unit;

		fprintf(to,
			"<details%s><summary>instructions</summary>\n<table "
			"class='c%s'><colgroup>%s%s</colgroup>\n",
			unit->status == UNIT_REMOVED ? "" : " open", both ? " t" : "", pane,
			both ? pane : "");
		if (both)
			fputs("<tr><th class=e colspan=3>old<th class=e colspan=3>new\n", to);
		put_rows(to, &patch, both);
		fputs("</table></details>", to);
	}
	arena_free(arena);
}

// ---- units ---------------------------------------------------------------------------------------

static void put_place(FILE *to, const struct change *change)
{
	if (!change->file)
		return;
	fputs("<span class=p>", to);
	put_text(to, change->file);
	fprintf(to, ":%u</span> ", change->line);
}

static void put_reasons(FILE *to, const struct unit *unit)
{
	fputs("<ul>", to);
	for (size_t i = 0; i < unit->change_count; i++) {
		const struct change *change = &unit->changes[i];

		// sizes stand in the title
		if (!change->text || (change->kind == CHANGE_SIZE && unit->kind == UNIT_FUNCTION))
			continue;
		fputs("<li>", to);
		put_place(to, change);
		put_text(to, change->text);
		fputc('\n', to);
	}
	fputs("</ul>\n", to);
}

static void put_sizes(FILE *to, const struct unit *unit)
{
	if (unit->status == UNIT_CHANGED && unit->match && unit->match->size != unit->size)
		fprintf(to, "%" PRIu64 " → ", unit->match->size);
	fprintf(to, "%" PRIu64 " bytes", unit->size);
}

static void put_summary_row(FILE *to, const struct pair *pair, const struct unit *unit, size_t number)
{
	fprintf(to, "<tr><td class=n><span class=k>%c</span><a href='#u%zu'>", status_letter(unit->status),
		number);
	put_text(to, unit->name);
	fputs("</a><td class=n>", to);
	put_sizes(to, unit);
	fputs("<td>", to);
	for (size_t i = 0; i < unit->change_count; i++)
		if (unit->changes[i].text) {
			put_text(to, unit->changes[i].text);
			break;
		}
	fputs("<td class=p>", to);
	put_text(to, pair->path);
	fputc('\n', to);
}

static void put_unit(const struct pair *pair, const struct unit *unit, void *arg)
{
	struct page *page = arg;

	page->number++;
	if (page->summary) {
		put_summary_row(page->to, pair, unit, page->number);
		return;
	}
	fprintf(page->to, "<section id=u%zu><h3><span class=k>%c</span>", page->number,
		status_letter(unit->status));
	put_text(page->to, unit->name);
	fputs("</h3> <span class=p>", page->to);
	put_sizes(page->to, unit);
	fprintf(page->to, "%s</span>\n", unit->kind == UNIT_DATUM ? " of data" : "");
	put_reasons(page->to, unit);
	if (unit->kind == UNIT_FUNCTION)
		put_instructions(page->to, unit);
	fputs("</section>\n", page->to);
}

static void put_pair(struct page *page, const struct pair *pair)
{
	if (pair->status == PAIR_SAME || pair->status == PAIR_FAILED)
		return;
	if (!page->summary) {
		fputs("<h2>", page->to);
		put_text(page->to, pair->path);
		fprintf(page->to, "%s</h2>\n",
			pair->status == PAIR_NEW       ? " (new)"
			: pair->status == PAIR_REMOVED ? " (removed)"
						       : "");
	}
	if (pair->status != PAIR_CHANGED)
		return;
	each_difference(pair, UNIT_FUNCTION, put_unit, page);
	each_difference(pair, UNIT_DATUM, put_unit, page);
}

static void put_pairs(struct page *page, bool summary)
{
	page->summary = summary;
	page->number = 0;
	for (size_t i = 0; i < page->diff->pair_count; i++)
		put_pair(page, &page->diff->pairs[i]);
}

static void put_head(struct page *page)
{
	const struct diff *diff = page->diff;

	fprintf(page->to,
		"<!DOCTYPE html>\n<html lang=en><meta charset=utf-8><meta name=viewport "
		"content='width=device-width'>"
		"<title>hp-diff</title><style>%s</style>\n<h1>What differs in meaning</h1>\n<p class=p>",
		style);
	put_text(page->to, diff->old_tree.root);
	fputs(" → ", page->to);
	put_text(page->to, diff->new_tree.root);
	fprintf(page->to,
		"<p id=counts>%zu object%s compared, %zu differ%s, %zu new, %zu removed\n"
		"<p class=p>M: changed; A: new; D: removed\n",
		diff->compared, diff->compared == 1 ? "" : "s", diff->differing,
		diff->differing == 1 ? "s" : "", diff->added, diff->removed);
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
	put_head(&page);
	put_findings(page.to, diags);
	fputs("<table class=s>\n", page.to);
	put_pairs(&page, true);
	fputs("</table>\n", page.to);
	put_pairs(&page, false);
	fputs("</html>\n", page.to);
	error = fclose(page.to) ? -EIO : file_write(path, text, size);
	if (error)
		fprintf(stderr, "hp-diff: %s: cannot be written: %s\n", path, strerror(-error));
	free(text);
	return !error;
}
