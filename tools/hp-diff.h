/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The forms in which hp-diff shows a comparison; private to the tool. */
#ifndef TOOLS_HP_DIFF_H
#define TOOLS_HP_DIFF_H

#include "create/create.h"
#include "diff/diff.h"

enum form { FORM_LIST, FORM_STAT, FORM_PATCH, FORM_JSON, FORM_HTML };

struct colors {
	const char *head, *old, *new_text, *place, *dim, *end; /* escape sequences, "" without colour */
};

void show_list(const struct diff *diff, struct diags *diags, const struct colors *colors);
void show_stat(const struct diff *diff, const struct colors *colors);
void show_patch(const struct diff *diff, const struct colors *colors);
/* One object after the other, on JOBS threads. false: out of memory, or an object could not be read again. */
bool show_json(struct diff *diff, struct diags *diags, unsigned jobs);

/* Writes one page that needs no other file. false after saying why it cannot be written. */
bool show_html(const struct diff *diff, struct diags *diags, const char *path);
/* What a package changes, as list, counts or JSON. false after saying why it cannot be read. */
bool show_package(const char *path, enum form form, const struct colors *colors);
/* What differs between two images, NEW at PATH; COMPARISON NULL: they could not be compared, which DIAGS says. */
bool show_images(const struct image_comparison *comparison, const char *path, const struct diags *diags,
		 enum form form, const struct colors *colors);
/* Findings of one kind as --json lists them; the word for a status. */
struct json_t *diag_values(const struct diags *diags, enum severity severity);
const char *status_name(enum unit_status status);
/* A JSON string, or null for NULL; bytes that are no UTF-8 become U+FFFD. */
struct json_t *text_value(const char *text);

/* Functions and data that people know by name: not parts, strings, tables. */
bool is_shown(const struct unit *unit);
char status_letter(enum unit_status status);
/* Calls SHOW for each shown unit of one kind that differs: the new side's, then what is gone. */
void each_difference(const struct pair *pair, enum unit_kind kind,
		     void (*show)(const struct pair *pair, const struct unit *unit, void *arg), void *arg);
/* Functions and data of the new side that were matched by something else than an exact name, changed or not. */
void each_uncertain_match(const struct pair *pair,
			  void (*show)(const struct pair *pair, const struct unit *unit, void *arg),
			  void *arg);
/* "GCC 12.2.0" out of the first string of .comment. */
const char *compiler_name(const char *comment, char *buffer, size_t size);

#endif
