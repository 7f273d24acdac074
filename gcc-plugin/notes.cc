// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The notes, put into the assembly as bytes of a section that is not loaded and that the linker leaves out of images.
 * doc/notes-format.md is the specification.
 */
#include "facts.h"

#include "debug.h"
#include "file-prefix-map.h"
#include "version.h"

enum tag { TAG_STRINGS = 1, TAG_BUILD, TAG_FUNCTION, TAG_VARIABLE, TAG_TYPE, TAG_PLACES };

enum function_flag {
	HAS_SYMBOL = 1,
	HAS_HASH = 2,
	ADDRESS_TAKEN = 4,
	MERGED = 8,
	ALIAS = 16,
	SYMBOL_IS_NAME = 32,
	HAS_COLD_PART = 64
};
enum field_flag { OFFSET_FOLLOWS = 1, FIELD_FLAGS = 1 };
enum variable_flag { KNOWS_SCOPE = 1, KNOWS_USERS = 2 };
enum build_flag { PLACES_COMPLETE = 1 };
enum initial { INITIAL_ZERO, INITIAL_INTEGER, INITIAL_OTHER };

struct writer {
	struct text strings, records;
	struct text plain;        // the strings as they are, each with its NUL
	LIST(size_t) starts;      // of each in PLAIN
	struct numbers string_of; // hash of a text -> its number
	struct numbers kinds;     // hash of a field's type and size -> its number
	struct numbers files;     // hashes of those that hold a function which is written
	size_t functions;         // written so far
	size_t kind_count;
};

// ---- numbers and strings --------------------------------------------------------------------------

static void put_number(struct text *text, uint64_t value)
{
	do {
		unsigned char byte = value & 0x7f;

		value >>= 7;
		byte |= value ? 0x80 : 0;
		text_add(text, &byte, 1);
	} while (value);
}

// FNV-1a of 64 bits.
static uint64_t sum_of(const struct text *text)
{
	uint64_t sum = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < text->size; i++)
		sum = (sum ^ (unsigned char)text->at[i]) * UINT64_C(0x100000001b3);
	return sum;
}

static void put_hash(struct text *text, uint64_t hash)
{
	for (int shift = 0; shift < 64; shift += 8) {
		unsigned char byte = hash >> shift & 0xff;

		text_add(text, &byte, 1);
	}
}

#define SHARED_MAX 127 // so that what a string takes is in proportion to what it takes here

// Behind what it shares with the one before: names of fields and functions often begin alike.
static void add_string(struct writer *writer, const char *string)
{
	const char *last =
		writer->starts.count ? writer->plain.at + writer->starts.at[writer->starts.count - 1] : "";
	size_t shared = 0;

	while (shared < SHARED_MAX && string[shared] && string[shared] == last[shared])
		shared++;
	put_number(&writer->strings, shared);
	text_add(&writer->strings, string + shared, strlen(string + shared) + 1);
	*list_push(&writer->starts) = writer->plain.size;
	text_add(&writer->plain, string, strlen(string) + 1);
}

// 0: the first one that nothing named before; they are in the order in which they are named.
static void put_string(struct writer *writer, struct text *text, const char *string)
{
	uint64_t hash = HASH_START;
	size_t *known;

	if (!string || !*string) {
		put_number(text, 1);
		return;
	}
	mix_text(&hash, string);
	known = numbers_put(&writer->string_of, hash ? hash : 1);
	if (*known && !strcmp(writer->plain.at + writer->starts.at[*known - 1], string)) {
		put_number(text, *known + 1);
		return;
	}
	add_string(writer, string);
	*known = writer->starts.count;
	put_number(text, 0);
}

static void put_file(struct writer *writer, struct text *text, const char *file)
{
	put_string(writer, text, file ? remap_debug_filename(file) : "");
}

static void put_record(struct text *to, enum tag tag, struct text *body)
{
	put_number(to, tag);
	put_number(to, body->size);
	text_add(to, body->at ? body->at : "", body->size);
	text_free(body);
}

// ---- the compiler and its options -----------------------------------------------------------------

// Of the options those that decide about instructions; texts, warnings, debug information and places do not.
static bool changes_code(const struct cl_decoded_option *option)
{
	static const char *const never[] = {
		"-fplugin",
		"-fdiagnostics",
		"-fdump",
		"-fmessage",
		"-fdebug",
		"-fmacro-prefix",
		"-ffile",
		"-fverbose",
		"-frandom",
		"-fmax-errors",
		"-fpre",
		"-fdirectives",
		"-fworking",
		"-fcanonical",
		"-fpch",
		"-ftrack-macro",
		"-fstack-usage",
		"-fcallgraph",
		"-fvar-tr",
		"-fopt-info",
		"-fshow",
		"-fsyntax",
		"-ftime-report",
		"-fmem-report",
		"-ffunction-sections",
		"-fdata-sections",
		"-fno-function-sections",
		"-fno-data-sections",
		"-fno-canonical",
		"-fno-diagnostics",
		"-fno-working",
		"-feliminate",
		"-fno-eliminate",
		"-fno-verbose",
		"-fno-var-tr",
		"-fno-show",
		"-fno-pch",
		"-fmerge-debug",
		"-fident",
		"-fno-ident",
	};
	const char *text = option->canonical_option[0];

	if (!text || text[0] != '-' || option->opt_index >= cl_options_count)
		return false;
	for (size_t i = 0; i < sizeof(never) / sizeof(*never); i++)
		if (!strncmp(text, never[i], strlen(never[i])))
			return false;
	return text[1] == 'f' || text[1] == 'm' || text[1] == 'O' || !strncmp(text, "-std=", 5) ||
	       !strncmp(text, "--param", 7) || !strcmp(text, "-ansi");
}

static char *options_text(void)
{
	struct text text = {};

	for (unsigned i = 1; i < save_decoded_options_count; i++) {
		const struct cl_decoded_option *option = &save_decoded_options[i];

		if (!changes_code(option))
			continue;
		for (size_t k = 0; k < option->canonical_option_num_elements; k++)
			text_print(&text, "%s%s", text.size ? " " : "", option->canonical_option[k]);
	}
	text_print(&text, "%s", "");
	return text.at;
}

static uint64_t file_key(const char *file)
{
	uint64_t key = HASH_START;

	mix_text(&key, file);
	return key ? key : 1;
}

// The files of functions that are written; false when one cannot be read.
static bool search_files(struct writer *writer)
{
	bool all = knows_expansions();

	for (size_t i = 0; i < facts.functions.count; i++) {
		const struct function_fact *fact = &facts.functions.at[i];

		if (!fact->record || !fact->file || !fact->parsed)
			continue;
		if (!(*numbers_put(&writer->files, file_key(fact->file)))++ && all)
			all = search_file(fact->file);
	}
	return all;
}

static void put_build(struct writer *writer, bool complete)
{
	char *compiler = concat(lang_hooks.name, " ", version_string, " ", pkgversion_string, NULL);
	char *options = options_text();
	struct text body = {};

	put_number(&body, complete ? PLACES_COMPLETE : 0);
	put_string(writer, &body, compiler);
	put_string(writer, &body, options);
	// what link-time optimization reads is a file of some name in /tmp
	put_string(writer, &body, main_input_filename && !in_lto_p ? lbasename(main_input_filename) : "");
	put_record(&writer->records, TAG_BUILD, &body);
	free(compiler);
	free(options);
}

// ---- functions ------------------------------------------------------------------------------------

static const char *symbol_of(tree decl)
{
	const char *name;

	if (!HAS_DECL_ASSEMBLER_NAME_P(decl) || !DECL_ASSEMBLER_NAME_SET_P(decl))
		return "";
	name = IDENTIFIER_POINTER(DECL_ASSEMBLER_NAME(decl));
	return name[0] == '*' ? name + 1 : name;
}

static struct function_fact *fact_of(unsigned uid)
{
	size_t index = numbers_get(&facts.function_of, uid);

	return index ? &facts.functions.at[index - 1] : NULL;
}

static size_t record_of(unsigned uid)
{
	const struct function_fact *fact = fact_of(uid);

	return fact ? fact->record : 0;
}

// Numbers are given first, since a function may name one that is written later.
static void number_function(struct writer *writer, struct function_fact *fact)
{
	if (!fact || fact->record)
		return;
	fact->record = ++writer->functions;
	for (size_t i = 0; i < fact->types.count; i++)
		need_type(fact->types.at[i]);
	number_function(writer, fact_of(fact->origin));
	for (size_t i = 0; i < fact->inlined.count; i++)
		number_function(writer, fact_of(fact->inlined.at[i].callee));
}

// What has code: a body that was written, or a name for one.
static bool has_code(cgraph_node *node)
{
	return node->definition && !inlined_root(node) && !DECL_EXTERNAL(node->decl) &&
	       *symbol_of(node->decl) && (node->alias || TREE_ASM_WRITTEN(node->decl));
}

static void number_functions(struct writer *writer)
{
	cgraph_node *node;

	FOR_EACH_FUNCTION(node)
	if (has_code(node)) {
		tree origin = DECL_ABSTRACT_ORIGIN(node->decl);
		struct function_fact *fact;

		if (node->alias && node->analyzed && node->ultimate_alias_target())
			origin = node->ultimate_alias_target()->decl;
		if (origin && TREE_CODE(origin) == FUNCTION_DECL && origin != node->decl)
			function_fact(origin);
		else
			origin = NULL_TREE;
		fact = function_fact(node->decl);
		fact->emitted = true;
		fact->origin = origin ? DECL_UID(origin) : 0;
	}
	FOR_EACH_FUNCTION(node)
	if (has_code(node))
		number_function(writer, fact_of(DECL_UID(node->decl)));
}

static void put_inlined(struct writer *writer, struct text *body, const struct function_fact *fact)
{
	put_number(body, fact->inlined.count);
	for (size_t i = 0; i < fact->inlined.count; i++) {
		const struct inlining *inlining = &fact->inlined.at[i];
		bool elsewhere = inlining->file && fact->file && strcmp(inlining->file, fact->file);

		put_number(body, record_of(inlining->callee));
		put_number(body, inlining->line * 4 + inlining->early * 2 + elsewhere);
		if (elsewhere)
			put_file(writer, body, inlining->file);
	}
}

static void put_function(struct writer *writer, const struct function_fact *fact, const char *symbol,
			 bool alias)
{
	bool same_name = fact->emitted && !strcmp(fact->name, symbol);
	struct text body = {};

	put_number(&body, (fact->emitted ? HAS_SYMBOL : 0) | (fact->parsed ? HAS_HASH : 0) |
				  (fact->address ? ADDRESS_TAKEN : 0) | (fact->merged ? MERGED : 0) |
				  (alias ? ALIAS : 0) | (same_name ? SYMBOL_IS_NAME : 0) |
				  (fact->cold ? HAS_COLD_PART : 0));
	put_string(writer, &body, fact->name);
	if (fact->emitted && !same_name)
		put_string(writer, &body, symbol);
	put_file(writer, &body, fact->file);
	put_number(&body, fact->line);
	if (fact->parsed)
		put_hash(&body, fact->hash);
	put_number(&body, record_of(fact->origin));
	put_string(writer, &body, fact->clone);
	put_inlined(writer, &body, fact);
	put_record(&writer->records, TAG_FUNCTION, &body);
}

static void put_functions(struct writer *writer)
{
	struct {
		const char *symbol;
		bool alias;
		struct function_fact *fact;
	} *order = (decltype(order))xcalloc(writer->functions + 1, sizeof(*order));
	cgraph_node *node;

	for (size_t i = 0; i < facts.functions.count; i++)
		if (facts.functions.at[i].record)
			order[facts.functions.at[i].record - 1].fact = &facts.functions.at[i];
	FOR_EACH_FUNCTION(node)
	if (has_code(node)) {
		size_t record = record_of(DECL_UID(node->decl));

		order[record - 1].symbol = symbol_of(node->decl);
		order[record - 1].alias = node->alias;
	}
	for (size_t i = 0; i < writer->functions; i++)
		put_function(writer, order[i].fact, order[i].symbol, order[i].alias);
	free(order);
}

// ---- variables ------------------------------------------------------------------------------------

static void put_initial(struct text *body, tree decl)
{
	tree value = DECL_INITIAL(decl);
	struct text constant = {};

	if (!value || value == error_mark_node || initializer_zerop(value)) {
		put_number(body, value == error_mark_node ? INITIAL_OTHER : INITIAL_ZERO);
	} else if (TREE_CODE(value) == INTEGER_CST && TREE_INT_CST_NUNITS(value) == 1) {
		put_number(body, INITIAL_INTEGER);
		put_hash(body, TREE_INT_CST_ELT(value, 0));
	} else {
		put_number(body, INITIAL_OTHER);
	}
	text_free(&constant);
}

static void put_users(struct text *body, const struct variable_fact *fact)
{
	size_t known = 0;

	for (size_t i = 0; i < fact->users.count; i++)
		known += record_of(fact->users.at[i]) != 0;
	put_number(body, known);
	for (size_t i = 0; i < fact->users.count; i++)
		if (record_of(fact->users.at[i]))
			put_number(body, record_of(fact->users.at[i]));
}

static tree function_around(tree decl)
{
	tree context = DECL_CONTEXT(decl);

	while (context && TREE_CODE(context) == BLOCK)
		context = BLOCK_SUPERCONTEXT(context);
	return context && TREE_CODE(context) == FUNCTION_DECL ? DECL_ORIGIN(context) : NULL_TREE;
}

static void put_variable(struct writer *writer, tree decl)
{
	size_t index = numbers_get(&facts.variable_of, DECL_UID(decl)), type;
	const struct variable_fact *fact = index ? &facts.variables.at[index - 1] : NULL;
	bool users = fact && fact->knows_users && !fact->other_users;
	tree function = function_around(decl), size = DECL_SIZE_UNIT(decl);
	char *text = type_text(TREE_TYPE(decl));
	struct text body = {};

	put_number(&body, (fact ? KNOWS_SCOPE : 0) | (users ? KNOWS_USERS : 0));
	put_string(writer, &body, IDENTIFIER_POINTER(DECL_NAME(decl)));
	put_string(writer, &body, symbol_of(decl));
	put_number(&body, function ? record_of(DECL_UID(function)) : 0);
	put_string(writer, &body, text);
	put_number(&body, size && tree_fits_uhwi_p(size) ? tree_to_uhwi(size) : 0);
	put_file(writer, &body, file_of(decl));
	put_number(&body, DECL_SOURCE_LINE(decl));
	put_initial(&body, decl);
	if (fact) {
		put_string(writer, &body, fact->path);
		put_hash(&body, fact->scope);
		put_hash(&body, fact->shape);
	}
	if (users)
		put_users(&body, fact);
	put_record(&writer->records, TAG_VARIABLE, &body);
	free(text);
	type = gather_type(TREE_TYPE(decl), NULL);
	if (type)
		need_type(type - 1);
}

static bool is_written(varpool_node *node)
{
	tree decl = node->decl;

	return node->definition && !node->alias && !DECL_EXTERNAL(decl) && TREE_ASM_WRITTEN(decl) &&
	       DECL_NAME(decl) && !DECL_IN_CONSTANT_POOL(decl) && !DECL_ARTIFICIAL(decl) && *symbol_of(decl);
}

// The function of a static need not have code of its own: it may be inlined wherever it is called.
static void number_owners(struct writer *writer)
{
	varpool_node *node;

	FOR_EACH_VARIABLE(node)
	if (is_written(node) && function_around(node->decl)) {
		tree function = function_around(node->decl);

		number_function(writer, function_fact(function));
	}
}

static void put_variables(struct writer *writer)
{
	varpool_node *node;

	FOR_EACH_VARIABLE(node)
	if (is_written(node))
		put_variable(writer, node->decl);
}

// ---- types and places -----------------------------------------------------------------------------

// What a field's number says of its place and size: bits for bit-fields, else bytes.
static uint64_t place_of(const struct field_fact *field)
{
	return field->bits ? 2 * field->offset + 1 : field->offset / 8 * 2;
}

static uint64_t extent_of(const struct field_fact *field)
{
	return field->bits ? 2 * field->size + 1 : field->size / 8 * 2;
}

// Most fields are of few types, and begin where the one before ends.
static void put_field(struct writer *writer, struct text *body, const struct field_fact *field, uint64_t *end)
{
	uint64_t key = HASH_START, offset_follows = field->offset != *end ? OFFSET_FOLLOWS : 0;
	size_t *kind;

	mix_text(&key, field->type);
	mix_in(&key, extent_of(field));
	kind = numbers_put(&writer->kinds, key ? key : 1);
	put_number(body, *kind << FIELD_FLAGS | offset_follows);
	put_string(writer, body, field->name);
	if (!*kind) {
		*kind = ++writer->kind_count;
		put_string(writer, body, field->type);
		put_number(body, extent_of(field));
	}
	if (offset_follows)
		put_number(body, place_of(field));
	*end = field->offset + field->size;
}

static void add_hashed(struct text *text, const char *string)
{
	text_add(text, string, strlen(string) + 1);
}

// Of all that the record says about the layout, as doc/notes-format.md has it.
static uint64_t layout_hash(const struct type_fact *fact)
{
	struct text text = {};
	uint64_t hash;

	add_hashed(&text, fact->name);
	put_number(&text, fact->size);
	put_number(&text, fact->align);
	for (size_t i = 0; i < fact->fields.count; i++) {
		const struct field_fact *field = &fact->fields.at[i];

		add_hashed(&text, field->name);
		add_hashed(&text, field->type);
		put_number(&text, place_of(field));
		put_number(&text, extent_of(field));
	}
	hash = sum_of(&text);
	text_free(&text);
	return hash;
}

static void put_type(struct writer *writer, const struct type_fact *fact)
{
	struct text body = {};
	uint64_t end = 0;

	put_string(writer, &body, fact->name);
	put_number(&body, fact->size);
	put_number(&body, fact->align);
	put_file(writer, &body, fact->file);
	put_number(&body, fact->line);
	put_hash(&body, layout_hash(fact));
	put_number(&body, fact->fields.count);
	for (size_t i = 0; i < fact->fields.count; i++)
		put_field(writer, &body, &fact->fields.at[i], &end);
	put_record(&writer->records, TAG_TYPE, &body);
}

static void put_types(struct writer *writer)
{
	for (size_t i = 0; i < facts.types.count; i++)
		if (facts.types.at[i].needed)
			put_type(writer, &facts.types.at[i]);
}

static int compare_places(const void *left, const void *right)
{
	const struct place_fact *a = (const struct place_fact *)left, *b = (const struct place_fact *)right;
	int order = strcmp(a->macro, b->macro);

	if (!order)
		order = strcmp(a->file ? a->file : "", b->file ? b->file : "");
	return order ? order : (a->line > b->line) - (a->line < b->line);
}

static bool is_same_file(const struct place_fact *a, const struct place_fact *b)
{
	return !strcmp(a->macro, b->macro) && !strcmp(a->file ? a->file : "", b->file ? b->file : "");
}

// The lines of one macro in one file, each as its distance from the one before; 0 ends them.
static size_t put_lines(struct writer *writer, struct text *body, const struct place_fact *places,
			size_t count)
{
	unsigned last = 0;
	size_t i;

	put_string(writer, body, places[0].macro);
	put_file(writer, body, places[0].file);
	for (i = 0; i < count && is_same_file(&places[0], &places[i]); i++) {
		if (places[i].line > last)
			put_number(body, places[i].line - last);
		last = places[i].line;
	}
	put_number(body, 0);
	return i;
}

static void put_places(struct writer *writer)
{
	struct text body = {};
	struct expansion expansion;
	size_t at = 0;

	while (next_expansion(&at, &expansion)) {
		struct place_fact *place;

		if (!numbers_get(&writer->files, file_key(expansion.file)))
			continue;
		place = list_push(&facts.places);
		place->macro = expansion.macro;
		place->file = expansion.file;
		place->line = expansion.line;
	}
	if (facts.places.count)
		qsort(facts.places.at, facts.places.count, sizeof(*facts.places.at), compare_places);
	for (size_t i = 0; i < facts.places.count;)
		i += put_lines(writer, &body, &facts.places.at[i], facts.places.count - i);
	put_record(&writer->records, TAG_PLACES, &body);
}

// ---- into the assembly ----------------------------------------------------------------------------

static void add_escaped(struct text *to, unsigned char c)
{
	const char octal[] = {'\\', (char)('0' + (c >> 6)), (char)('0' + (c >> 3 & 7)),
			      (char)('0' + (c & 7))};

	if (c == '"' || c == '\\')
		text_add(to, "\\", 1);
	if (c >= ' ' && c < 0x7f)
		text_add(to, &c, 1);
	else
		text_add(to, octal, sizeof(octal));
}

static void print_bytes(const struct text *text)
{
	const size_t line = 1024;
	struct text printed = {};

	for (size_t at = 0; at < text->size; at += line) {
		size_t end = at + line < text->size ? at + line : text->size;

		text_print(&printed, "\t.ascii \"");
		for (size_t i = at; i < end; i++)
			add_escaped(&printed, text->at[i]);
		text_print(&printed, "\"\n");
	}
	fwrite(printed.at, 1, printed.size, asm_out_file);
	text_free(&printed);
}

void write_notes(void)
{
	struct writer writer = {};
	struct text payload = {}, unit = {};

	number_functions(&writer);
	number_owners(&writer);
	put_build(&writer, search_files(&writer));
	put_functions(&writer);
	put_variables(&writer);
	put_types(&writer);
	put_places(&writer);
	put_record(&payload, TAG_STRINGS, &writer.strings);
	text_add(&payload, writer.records.at, writer.records.size);
	text_add(&unit, "HPN\2", 4);
	put_number(&unit, payload.size);
	text_add(&unit, payload.at, payload.size);
	put_hash(&unit, sum_of(&payload));
	// "e": the linker leaves it out of images. GCC's own idea of the section it is in stays right.
	fputs("\t.pushsection .debug_hotpatch,\"e\",%progbits\n", asm_out_file);
	print_bytes(&unit);
	fputs("\t.popsection\n", asm_out_file);
	text_free(&writer.records);
	text_free(&payload);
	text_free(&unit);
}
