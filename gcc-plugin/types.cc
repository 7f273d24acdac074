// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Layouts of the structures and unions that a function or a datum touches. They are written into plain text and numbers
 * at once: the types themselves may be gone when the notes are written. A type without a name is part of the one
 * around it, its fields called by their path there; `typedef struct { } t` is called t.
 */
#include "facts.h"

#define NEST_MAX   16
#define FIELDS_MAX 4096

static const char *name_of(tree type)
{
	tree name = TYPE_NAME(type);

	if (name && TREE_CODE(name) == TYPE_DECL)
		name = DECL_NAME(name);
	return name && TREE_CODE(name) == IDENTIFIER_NODE ? IDENTIFIER_POINTER(name) : NULL;
}

// C++ gives types without a name one of its own, with a number.
static bool is_named(tree type)
{
	const char *name = name_of(type);

	return name && name[0] != '.' && name[0] != '<' && !strstr(name, "._anon");
}

// typedef struct { } t: the structure itself has no name, only variants of its type have.
static tree named_variant(tree type)
{
	type = TYPE_MAIN_VARIANT(type);
	for (tree variant = type; variant; variant = TYPE_NEXT_VARIANT(variant))
		if (is_named(variant))
			return variant;
	return type;
}

static const char *keyword_of(tree type)
{
	tree name = TYPE_NAME(type);

	// Only in C: there a TYPE_DECL is a typedef, and C++ has one for each structure.
	if (name && TREE_CODE(name) == TYPE_DECL && strncmp(lang_hooks.name, "GNU C++", 7))
		return "";
	return TREE_CODE(type) == ENUMERAL_TYPE ? "enum "
	       : TREE_CODE(type) == UNION_TYPE  ? "union "
						: "struct ";
}

// Of C++: names of the classes and namespaces around the type.
static void add_scope(struct text *text, tree scope)
{
	if (!scope || TREE_CODE(scope) == TRANSLATION_UNIT_DECL || TREE_CODE(scope) == BLOCK)
		return;
	if (TYPE_P(scope)) {
		add_scope(text, TYPE_CONTEXT(scope));
		text_print(text, "%s::", name_of(scope) ? name_of(scope) : "");
	} else if (TREE_CODE(scope) == NAMESPACE_DECL || TREE_CODE(scope) == FUNCTION_DECL) {
		add_scope(text, DECL_CONTEXT(scope));
		text_print(text, "%s::", DECL_NAME(scope) ? IDENTIFIER_POINTER(DECL_NAME(scope)) : "");
	}
}

static void add_type(struct text *text, tree type, unsigned nest)
{
	if (!type || nest > NEST_MAX) {
		text_print(text, "?");
		return;
	}
	switch (TREE_CODE(type)) {
	case POINTER_TYPE:
	case REFERENCE_TYPE:
		// which structure it points to changes no layout, and the names would be a tenth of all notes
		if (RECORD_OR_UNION_TYPE_P(TREE_TYPE(type))) {
			text_print(text, "struct%c", TREE_CODE(type) == POINTER_TYPE ? '*' : '&');
			return;
		}
		add_type(text, TREE_TYPE(type), nest + 1);
		text_print(text, TREE_CODE(type) == POINTER_TYPE ? "*" : "&");
		return;
	case ARRAY_TYPE: {
		tree size = TYPE_SIZE_UNIT(type), element = TYPE_SIZE_UNIT(TREE_TYPE(type));

		add_type(text, TREE_TYPE(type), nest + 1);
		if (size && element && tree_fits_uhwi_p(size) && tree_fits_uhwi_p(element) &&
		    tree_to_uhwi(element))
			text_print(text, "[%llu]",
				   (unsigned long long)(tree_to_uhwi(size) / tree_to_uhwi(element)));
		else
			text_print(text, "[]");
		return;
	}
	case FUNCTION_TYPE:
	case METHOD_TYPE:
		text_print(text, "()");
		return;
	default:
		break;
	}
	if (RECORD_OR_UNION_TYPE_P(type) || TREE_CODE(type) == ENUMERAL_TYPE) {
		type = named_variant(type);
		text_print(text, "%s", keyword_of(type));
		add_scope(text, TYPE_CONTEXT(type));
		text_print(text, "%s", is_named(type) ? name_of(type) : "{}");
		return;
	}
	if (INTEGRAL_TYPE_P(type)) // whatever it is called
		text_print(text, "%c%u",
			   TREE_CODE(type) == BOOLEAN_TYPE ? 'b'
			   : TYPE_UNSIGNED(type)           ? 'u'
							   : 'i',
			   (unsigned)TYPE_PRECISION(type));
	else if (TREE_CODE(type) == REAL_TYPE)
		text_print(text, "f%u", (unsigned)TYPE_PRECISION(type));
	else
		text_print(text, "%s", name_of(type) ? name_of(type) : "?");
}

char *type_text(tree type)
{
	struct text text = {};

	add_type(&text, type, 0);
	return text.at;
}

static tree behind_arrays(tree type)
{
	while (type && TREE_CODE(type) == ARRAY_TYPE)
		type = TREE_TYPE(type);
	return type;
}

static bool is_flattened(tree type)
{
	return RECORD_OR_UNION_TYPE_P(type) && !is_named(TYPE_MAIN_VARIANT(type));
}

static void add_fields(struct type_fact *fact, tree type, const char *prefix, uint64_t start, unsigned nest);

static void add_field(struct type_fact *fact, tree field, const char *prefix, uint64_t start, unsigned nest)
{
	const char *name = DECL_NAME(field) ? IDENTIFIER_POINTER(DECL_NAME(field)) : "";
	tree bits = DECL_FIELD_BIT_OFFSET(field), bytes = DECL_FIELD_OFFSET(field), size = DECL_SIZE(field);
	char *path = concat(prefix, *prefix && *name ? "." : "", name, NULL);
	struct field_fact *added;
	uint64_t offset;

	if (!bits || !bytes || !tree_fits_uhwi_p(bits) || !tree_fits_uhwi_p(bytes)) {
		free(path);
		return;
	}
	offset = start + 8 * tree_to_uhwi(bytes) + tree_to_uhwi(bits);
	if (nest < NEST_MAX && is_flattened(behind_arrays(TREE_TYPE(field)))) {
		add_fields(fact, behind_arrays(TREE_TYPE(field)), path, offset, nest + 1);
		free(path);
		return;
	}
	added = list_push(&fact->fields);
	added->name = path;
	added->offset = offset;
	added->size = size && tree_fits_uhwi_p(size) ? tree_to_uhwi(size) : 0;
	added->bits = DECL_BIT_FIELD_TYPE(field) != NULL_TREE;
	added->type = type_text(added->bits ? DECL_BIT_FIELD_TYPE(field) : TREE_TYPE(field));
}

static void add_fields(struct type_fact *fact, tree type, const char *prefix, uint64_t start, unsigned nest)
{
	for (tree field = TYPE_FIELDS(type); field && fact->fields.count < FIELDS_MAX;
	     field = DECL_CHAIN(field))
		if (TREE_CODE(field) == FIELD_DECL)
			add_field(fact, field, prefix, start, nest);
}

static size_t find_type(tree type)
{
	size_t *index = numbers_put(&facts.type_of, TYPE_UID(type)), number = *index;
	struct type_fact made = {};
	tree name = TYPE_NAME(type), decl;

	if (number)
		return number;
	number = *index = facts.types.count + 1;
	made.name = type_text(type);
	decl = TREE_CODE(name) == TYPE_DECL ? name : TYPE_STUB_DECL(type);
	if (decl) {
		made.file = DECL_SOURCE_FILE(decl);
		made.line = DECL_SOURCE_LINE(decl);
	}
	made.size = tree_to_uhwi(TYPE_SIZE_UNIT(type));
	made.align = TYPE_ALIGN_UNIT(type);
	add_fields(&made, type, "", 0, 0);
	*list_push(&facts.types) = made;
	for (tree field = TYPE_FIELDS(type); field; field = DECL_CHAIN(field)) {
		size_t inner = TREE_CODE(field) == FIELD_DECL ? gather_type(TREE_TYPE(field), NULL) : 0;

		if (inner)
			*list_push(&facts.types.at[number - 1].inner) = inner - 1;
	}
	return number;
}

size_t gather_type(tree type, struct function_fact *function)
{
	struct type_fact *fact;
	size_t number;

	type = behind_arrays(type);
	if (!type || !RECORD_OR_UNION_TYPE_P(type))
		return 0;
	type = named_variant(type);
	if (!COMPLETE_TYPE_P(type) || !is_named(type) || !tree_fits_uhwi_p(TYPE_SIZE_UNIT(type)))
		return 0;
	number = find_type(type);
	fact = &facts.types.at[number - 1];
	if (function && fact->toucher != function->uid) {
		fact->toucher = function->uid;
		*list_push(&function->types) = number - 1;
	}
	return number;
}

void need_type(size_t index)
{
	struct type_fact *fact = &facts.types.at[index];

	if (fact->needed)
		return;
	fact->needed = true;
	for (size_t i = 0; i < fact->inner.count; i++)
		need_type(fact->inner.at[i]);
}
