// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Line tables (DWARF 2 to 5, section 6.2 of the DWARF 5 standard). A first pass over .debug_line notes where
 * the sequence of each code section is; the rows of a section are decoded when one of its lines is asked for.
 */
#include "diff/debug.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

struct line_file {
	uint64_t directory;
	const char *name;
	const char *path; // as shown; made when first needed
};

// One line program: the part of .debug_line that belongs to one compilation unit.
struct program {
	size_t offset;     // of its header, what DW_AT_stmt_list names
	size_t start, end; // of its instructions
	unsigned version, offset_size;
	uint8_t instruction_size, line_range, opcode_base;
	int8_t line_base;
	const uint8_t *lengths; // operands of the standard opcodes, opcode_base - 1 of them
	VEC(const char *) directories;
	VEC(struct line_file) files;
};

struct sequence {
	uint32_t section;
	size_t start; // of its first instruction in .debug_line
	uint32_t program;
};

struct row {
	uint64_t offset;
	uint32_t file, line, program;
	uint32_t order; // of two rows for one offset the later one counts
	bool end;
};

struct line_table { // the rows of one code section
	VEC(struct row) rows;
};

struct line_index {
	VEC(struct program) programs;
	VEC(struct sequence) sequences;
	VEC(struct line_table *) tables;
	struct intmap *by_section;
};

// ---- headers --------------------------------------------------------------------------------------

static const char *text_of(const char *text)
{
	return text ? text : "";
}

// The text of one field of a version 5 directory or file entry; *number is set for the numeric forms.
static const char *read_entry_field(struct object *object, struct cursor *cursor, uint64_t form,
				    unsigned offset_size, uint64_t *number)
{
	size_t at = cursor->at;
	uint64_t offset;

	*number = 0;
	switch (form) {
	case DW_FORM_string:
		return cursor_text(cursor);
	case DW_FORM_line_strp:
	case DW_FORM_strp:
		offset = debug_offset(object, &object->debug->sections[DEBUG_LINE], at,
				      cursor_number(cursor, offset_size));
		return text_of(debug_text(
			&object->debug->sections[form == DW_FORM_strp ? DEBUG_STR : DEBUG_LINE_STR], offset));
	case DW_FORM_udata:
		*number = cursor_uleb(cursor);
		return "";
	case DW_FORM_data1:
		*number = cursor_number(cursor, 1);
		return "";
	case DW_FORM_data2:
		*number = cursor_number(cursor, 2);
		return "";
	case DW_FORM_data4:
		*number = cursor_number(cursor, 4);
		return "";
	case DW_FORM_data8:
		*number = cursor_number(cursor, 8);
		return "";
	case DW_FORM_data16: // the MD5 of the file
		cursor_skip(cursor, 16);
		return "";
	case DW_FORM_block:
		cursor_skip(cursor, cursor_uleb(cursor));
		return "";
	default:
		cursor->bad = true;
		return "";
	}
}

// Version 5: a list of (content, form) pairs, then the entries made of these fields.
static void read_entries(struct object *object, struct cursor *cursor, struct program *program, bool files)
{
	uint64_t format_count = cursor_number(cursor, 1), count;
	uint64_t content[256], form[256];

	for (uint64_t i = 0; i < format_count; i++) {
		content[i] = cursor_uleb(cursor);
		form[i] = cursor_uleb(cursor);
	}
	count = cursor_uleb(cursor);
	if (!format_count && count)
		cursor->bad = true; // entries of no bytes: any number of them would fit
	for (uint64_t i = 0; i < count && !cursor->bad; i++) {
		struct line_file entry = {.name = ""};

		for (uint64_t f = 0; f < format_count; f++) {
			uint64_t number;
			const char *text =
				read_entry_field(object, cursor, form[f], program->offset_size, &number);

			if (content[f] == DW_LNCT_path)
				entry.name = text;
			else if (content[f] == DW_LNCT_directory_index)
				entry.directory = number;
		}
		if (files)
			*vec_push(&program->files) = entry;
		else
			*vec_push(&program->directories) = entry.name;
	}
}

// Before version 5: strings until an empty one. Directory 0 is the compilation directory and not listed;
// files count from 1.
static void read_old_entries(struct cursor *cursor, struct program *program)
{
	const char *name;

	*vec_push(&program->directories) = "";
	while (*(name = cursor_text(cursor)))
		*vec_push(&program->directories) = name;
	*vec_push(&program->files) = (struct line_file){.name = ""};
	while (*(name = cursor_text(cursor))) {
		*vec_push(&program->files) =
			(struct line_file){.name = name, .directory = cursor_uleb(cursor)};
		cursor_uleb(cursor); // time
		cursor_uleb(cursor); // length
	}
}

// Reads one program's header; *next is where the following one starts. false: stop, the rest cannot be found.
static bool read_header(struct object *object, size_t at, struct program *program, size_t *next)
{
	const struct debug_section *section = &object->debug->sections[DEBUG_LINE];
	struct cursor cursor = cursor_at(section->data, section->size, at, object->debug->big_endian);
	uint64_t length, header_length;

	program->offset = at;
	program->offset_size = 4;
	length = cursor_number(&cursor, 4);
	if (length == UINT32_MAX) {
		program->offset_size = 8;
		length = cursor_number(&cursor, 8);
	}
	if (cursor.bad || length > section->size - cursor.at)
		return false;
	*next = program->end = cursor.at + length;
	cursor.size = program->end;
	program->version = (unsigned)cursor_number(&cursor, 2);
	if (program->version < 2 || program->version > 5)
		return true; // its program stays empty
	if (program->version == 5)
		cursor_skip(&cursor, 2); // address and segment selector size
	header_length = cursor_number(&cursor, program->offset_size);
	if (cursor.bad || header_length > cursor.size - cursor.at)
		return true;
	program->start = cursor.at + header_length;
	cursor.size = program->start;
	program->instruction_size = (uint8_t)cursor_number(&cursor, 1);
	if (program->version >= 4)
		cursor_skip(&cursor, 1); // operations of a VLIW instruction
	cursor_skip(&cursor, 1);         // default is_stmt
	program->line_base = (int8_t)cursor_number(&cursor, 1);
	program->line_range = (uint8_t)cursor_number(&cursor, 1);
	program->opcode_base = (uint8_t)cursor_number(&cursor, 1);
	program->lengths = cursor.data + cursor.at;
	cursor_skip(&cursor, program->opcode_base ? program->opcode_base - 1u : 0);
	if (program->version == 5) {
		read_entries(object, &cursor, program, false);
		read_entries(object, &cursor, program, true);
	} else {
		read_old_entries(&cursor, program);
	}
	if (cursor.bad || !program->line_range || !program->opcode_base)
		program->start = program->end;
	return true;
}

// ---- programs -------------------------------------------------------------------------------------

// The state of one sequence being decoded.
struct machine {
	struct cursor cursor;
	struct place address;
	uint64_t line, file;
	size_t start; // of the sequence
};

enum step { STEP_NONE, STEP_ROW, STEP_END };

static void reset(struct machine *machine)
{
	machine->address = (struct place){0};
	machine->line = machine->file = 1;
	machine->start = machine->cursor.at;
}

static enum step run_extended(struct object *object, struct machine *machine)
{
	struct cursor *cursor = &machine->cursor;
	uint64_t length = cursor_uleb(cursor);
	size_t end;
	uint8_t opcode;
	enum step step = STEP_NONE;

	if (cursor->bad || !length || length > cursor->size - cursor->at) {
		cursor->bad = true;
		return STEP_NONE;
	}
	end = cursor->at + length;
	opcode = (uint8_t)cursor_number(cursor, 1);
	if (opcode == DW_LNE_end_sequence) {
		step = STEP_END;
	} else if (opcode == DW_LNE_set_address && (length == 9 || length == 5)) {
		size_t at = cursor->at;

		machine->address = debug_address(object, &object->debug->sections[DEBUG_LINE], at,
						 cursor_number(cursor, (unsigned)length - 1));
	}
	cursor->at = end;
	return step;
}

// DW_LNS_fixed_advance_pc
static uint64_t read_fixed_advance(struct object *object, struct cursor *cursor)
{
	size_t at = cursor->at;

	return debug_distance(object, &object->debug->sections[DEBUG_LINE], at, cursor_number(cursor, 2));
}

static enum step run_standard(struct object *object, const struct program *program, struct machine *machine,
			      uint8_t opcode)
{
	struct cursor *cursor = &machine->cursor;

	switch (opcode) {
	case DW_LNS_copy:
		return STEP_ROW;
	case DW_LNS_advance_pc:
		machine->address.offset += cursor_uleb(cursor) * program->instruction_size;
		break;
	case DW_LNS_advance_line:
		machine->line += (uint64_t)cursor_sleb(cursor);
		break;
	case DW_LNS_set_file:
		machine->file = cursor_uleb(cursor);
		break;
	case DW_LNS_const_add_pc:
		machine->address.offset += (uint64_t)((255 - program->opcode_base) / program->line_range) *
					   program->instruction_size;
		break;
	case DW_LNS_fixed_advance_pc:
		machine->address.offset += read_fixed_advance(object, cursor);
		break;
	default:
		for (uint8_t i = 0; i < program->lengths[opcode - 1]; i++)
			cursor_uleb(cursor);
	}
	return STEP_NONE;
}

static enum step run_opcode(struct object *object, const struct program *program, struct machine *machine)
{
	uint8_t opcode = (uint8_t)cursor_number(&machine->cursor, 1);
	uint8_t special;

	if (machine->cursor.bad)
		return STEP_NONE;
	if (!opcode)
		return run_extended(object, machine);
	if (opcode < program->opcode_base)
		return run_standard(object, program, machine, opcode);
	special = (uint8_t)(opcode - program->opcode_base);
	machine->address.offset += (uint64_t)(special / program->line_range) * program->instruction_size;
	machine->line += (uint64_t)(int64_t)(program->line_base + special % program->line_range);
	return STEP_ROW;
}

static struct machine machine_at(struct object *object, const struct program *program, size_t at)
{
	const struct debug_section *section = &object->debug->sections[DEBUG_LINE];
	struct machine machine = {
		.cursor = cursor_at(section->data, program->end, at, object->debug->big_endian)};

	reset(&machine);
	return machine;
}

static void index_program(struct object *object, struct line_index *index, uint32_t number)
{
	const struct program *program = &index->programs.at[number];
	struct machine machine = machine_at(object, program, program->start);

	while (program->start && machine.cursor.at < program->end && !machine.cursor.bad) {
		enum step step = run_opcode(object, program, &machine);

		if (step != STEP_END)
			continue;
		if (machine.address.section)
			*vec_push(&index->sequences) = (struct sequence){.section = machine.address.section,
									 .start = machine.start,
									 .program = number};
		reset(&machine);
	}
}

static int compare_sequences(const void *left, const void *right)
{
	const struct sequence *a = left, *b = right;

	if (a->section != b->section)
		return a->section < b->section ? -1 : 1;
	return (a->start > b->start) - (a->start < b->start);
}

static struct line_index *index_lines(struct object *object)
{
	struct debug *debug = debug_open(object);
	struct line_index *index = debug->lines;
	size_t at = 0;

	if (index)
		return index;
	index = debug->lines = xalloc(sizeof(*index));
	memset(index, 0, sizeof(*index));
	index->by_section = intmap_new();
	while (at < debug->sections[DEBUG_LINE].size) {
		struct program program = {0};
		size_t next;
		bool more = read_header(object, at, &program, &next);

		*vec_push(&index->programs) = program;
		if (!more)
			break;
		index_program(object, index, (uint32_t)(index->programs.count - 1));
		at = next;
	}
	if (index->sequences.count)
		qsort(index->sequences.at, index->sequences.count, sizeof(struct sequence),
		      compare_sequences);
	return index;
}

void line_index_free(struct line_index *index)
{
	if (!index)
		return;
	for (size_t i = 0; i < index->programs.count; i++) {
		free(index->programs.at[i].directories.at);
		free(index->programs.at[i].files.at);
	}
	for (size_t i = 0; i < index->tables.count; i++) {
		free(index->tables.at[i]->rows.at);
		free(index->tables.at[i]);
	}
	free(index->programs.at);
	free(index->sequences.at);
	free(index->tables.at);
	intmap_free(index->by_section);
	free(index);
}

// ---- rows -----------------------------------------------------------------------------------------

static int compare_rows(const void *left, const void *right)
{
	const struct row *a = left, *b = right;

	if (a->offset != b->offset)
		return a->offset < b->offset ? -1 : 1;
	// the end of one sequence gives way to the start of the next
	if (a->end != b->end)
		return a->end ? -1 : 1;
	return (a->order > b->order) - (a->order < b->order);
}

static void decode_sequence(struct object *object, struct line_index *index, const struct sequence *sequence,
			    struct line_table *table)
{
	const struct program *program = &index->programs.at[sequence->program];
	struct machine machine = machine_at(object, program, sequence->start);
	enum step step = STEP_NONE;

	while (step != STEP_END && machine.cursor.at < program->end && !machine.cursor.bad) {
		step = run_opcode(object, program, &machine);
		if (step == STEP_NONE || machine.address.section != sequence->section)
			continue;
		struct row row = {.offset = machine.address.offset,
				  .file = (uint32_t)machine.file,
				  .line = (uint32_t)machine.line,
				  .program = sequence->program,
				  .order = (uint32_t)table->rows.count,
				  .end = step == STEP_END};

		*vec_push(&table->rows) = row;
	}
}

static struct line_table *table_of(struct object *object, uint32_t section)
{
	struct line_index *index = index_lines(object);
	struct line_table *table = intmap_get(index->by_section, section);
	size_t low = 0, high = index->sequences.count;

	if (table)
		return table;
	table = xalloc(sizeof(*table));
	memset(table, 0, sizeof(*table));
	*vec_push(&index->tables) = table;
	*intmap_put(index->by_section, section) = table;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (index->sequences.at[middle].section < section)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < index->sequences.count && index->sequences.at[low].section == section; low++)
		decode_sequence(object, index, &index->sequences.at[low], table);
	if (table->rows.count)
		qsort(table->rows.at, table->rows.count, sizeof(struct row), compare_rows);
	return table;
}

static const char *file_path(struct object *object, struct program *program, uint64_t number)
{
	struct line_file *file;

	if (number >= program->files.count)
		return NULL;
	file = &program->files.at[number];
	if (!file->path && *file->name)
		file->path = debug_path(object,
					file->directory < program->directories.count
						? program->directories.at[file->directory]
						: "",
					file->name);
	return file->path;
}

const char *debug_file(struct object *object, uint64_t line_offset, uint64_t file)
{
	struct line_index *index = index_lines(object);

	for (size_t i = 0; i < index->programs.count; i++)
		if (index->programs.at[i].offset == line_offset)
			return file_path(object, &index->programs.at[i], file);
	return NULL;
}

bool object_line(struct object *object, const struct section *section, uint64_t offset, const char **file,
		 unsigned *line)
{
	const struct line_table *table = table_of(object, section->index);
	size_t low = 0, high = table->rows.count;
	const struct row *row;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (table->rows.at[middle].offset <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return false;
	row = &table->rows.at[low - 1];
	if (row->end || !row->line)
		return false;
	*file = file_path(object, &debug_open(object)->lines->programs.at[row->program], row->file);
	*line = row->line;
	return *file != NULL;
}
