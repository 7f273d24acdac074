// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What a function's body says before GCC starts to work on it: a hash of its meaning, and for each static in it the
 * blocks around it with hashes of the innermost one. Names and constants count, places and numbers of GCC's do not.
 */
#include "facts.h"

struct facts facts;

// The blocks around the node that is looked at, innermost last.
struct scope {
	struct scope *outer;
	unsigned number, inner; // which one of the outer block; how many were in it so far
};

struct walk {
	tree function;
	struct scope *scope;
	uint64_t hash, shape; // shape: without the values of constants
	hash_set<tree> *shared;
	struct function_fact *fact; // no other function is added during the walk
};

/*
 * Headers are full of static inline functions that nobody calls, and walking each of them took most of the plugin's time. So
 * these are walked when a function or an initial value that is walked refers to them, in the form in which their parser left
 * them; or, when they are only declared there, at their own end.
 */
static LIST(tree) wanted;      // to be walked next; what GCC keeps refers to all of them
static struct numbers awaited; // DECL_UIDs of those without a body yet

static void hash_tree(struct walk *walk, tree *at);

// C holds each body as its parser left it until the whole unit is parsed; C++ may drop or change it before.
static bool frontend_keeps_bodies(void)
{
	return !strncmp(lang_hooks.name, "GNU C", 5) && lang_hooks.name[5] != '+';
}

const char *file_of(tree decl)
{
	const_tree unit = in_lto_p ? get_ultimate_context(decl) : NULL_TREE;

	return unit && TREE_CODE(unit) == TRANSLATION_UNIT_DECL && DECL_NAME(unit)
		       ? IDENTIFIER_POINTER(DECL_NAME(unit))
		       : DECL_SOURCE_FILE(decl);
}

struct function_fact *function_fact(tree function)
{
	size_t *index = numbers_put(&facts.function_of, DECL_UID(function));
	struct function_fact *fact;

	if (*index)
		return &facts.functions.at[*index - 1];
	fact = list_push(&facts.functions);
	*index = facts.functions.count;
	fact->uid = DECL_UID(function);
	fact->name = DECL_NAME(function) ? IDENTIFIER_POINTER(DECL_NAME(function)) : "";
	fact->file = file_of(function);
	fact->line = DECL_SOURCE_LINE(function);
	return fact;
}

// ---- statics -------------------------------------------------------------------------------------

static void add_path(struct text *path, const struct scope *scope)
{
	if (!scope)
		return;
	add_path(path, scope->outer);
	text_print(path, path->size ? ".%u" : "%u", scope->number);
}

static void note_static(const struct walk *walk, tree variable)
{
	size_t *index = numbers_put(&facts.variable_of, DECL_UID(variable));
	struct variable_fact *fact;
	struct text path = {};

	if (*index)
		return;
	fact = list_push(&facts.variables);
	*index = facts.variables.count;
	fact->uid = DECL_UID(variable);
	fact->function = DECL_UID(walk->function);
	add_path(&path, walk->scope);
	fact->path = path.at;
}

// ---- hashing -------------------------------------------------------------------------------------

static void mix_both(struct walk *walk, uint64_t value)
{
	mix_in(&walk->hash, value);
	mix_in(&walk->shape, value);
}

static void mix_name(struct walk *walk, tree name)
{
	if (!name || TREE_CODE(name) != IDENTIFIER_NODE)
		return;
	// The identifier's own hash is of its text alone.
	mix_both(walk, IDENTIFIER_HASH_VALUE(name));
}

static void mix_type(struct walk *walk, tree type)
{
	tree name;

	if (!type || !TYPE_P(type))
		return;
	mix_both(walk, TREE_CODE(type));
	if (INTEGRAL_TYPE_P(type))
		mix_both(walk, 2 * TYPE_PRECISION(type) + TYPE_UNSIGNED(type));
	name = RECORD_OR_UNION_TYPE_P(type) ? TYPE_NAME(type) : NULL_TREE;
	if (name)
		mix_name(walk, TREE_CODE(name) == TYPE_DECL ? DECL_NAME(name) : name);
}

static void mix_constant(struct walk *walk, tree node)
{
	switch (TREE_CODE(node)) {
	case INTEGER_CST:
		for (int i = 0; i < TREE_INT_CST_NUNITS(node); i++)
			mix_in(&walk->hash, TREE_INT_CST_ELT(node, i));
		break;
	case REAL_CST:
		mix_in(&walk->hash, real_hash(TREE_REAL_CST_PTR(node)));
		break;
	case STRING_CST:
		mix_bytes(&walk->hash, TREE_STRING_POINTER(node), TREE_STRING_LENGTH(node));
		break;
	default:
		break;
	}
}

/* A block: hashed by itself, for its statics, and as a part of what is around it. */
static void hash_block(struct walk *walk, tree block)
{
	struct scope scope = {};
	struct walk inner = *walk;
	size_t first = facts.variables.count;

	scope.outer = walk->scope;
	scope.number = walk->scope ? walk->scope->inner++ : 0;
	inner.scope = &scope;
	inner.hash = inner.shape = HASH_START;
	for (tree decl = BIND_EXPR_VARS(block); decl; decl = DECL_CHAIN(decl)) {
		hash_tree(&inner, &decl);
		if (VAR_P(decl) && TREE_STATIC(decl))
			note_static(&inner, decl);
		if (VAR_P(decl)) {
			gather_type(TREE_TYPE(decl), walk->fact);
			if (DECL_INITIAL(decl))
				hash_tree(&inner, &DECL_INITIAL(decl));
		}
	}
	hash_tree(&inner, &BIND_EXPR_BODY(block));
	for (size_t i = first; i < facts.variables.count; i++) {
		struct variable_fact *fact = &facts.variables.at[i];

		if (fact->scope) // an inner block's
			continue;
		fact->scope = inner.hash;
		fact->shape = inner.shape;
	}
	mix_in(&walk->hash, inner.hash);
	mix_in(&walk->shape, inner.shape);
}

// No macro, so GCC has no map of where it was expanded.
static void note_builtin_line(tree call)
{
	tree callee = get_callee_fndecl(call);
	struct place_fact *place;

	if (!callee || !fndecl_built_in_p(callee, BUILT_IN_LINE))
		return;
	place = list_push(&facts.places);
	place->macro = "__builtin_LINE";
	place->file = EXPR_FILENAME(call);
	place->line = EXPR_LINENO(call);
}

// ---- which functions -----------------------------------------------------------------------------

static bool waits_for_use(tree function)
{
	return frontend_keeps_bodies() && DECL_DECLARED_INLINE_P(function) && !TREE_PUBLIC(function) &&
	       !DECL_PRESERVE_P(function) && !decl_function_context(function) && !flag_keep_inline_functions;
}

static void want_function(tree function)
{
	if (TREE_PUBLIC(function) || !frontend_keeps_bodies())
		return;
	if (!DECL_SAVED_TREE(function))
		*numbers_put(&awaited, DECL_UID(function)) = 1;
	else if (waits_for_use(function))
		*list_push(&wanted) = function;
}

static tree want_functions(tree *at, int *walk_subtrees, void *)
{
	if (TREE_CODE(*at) == FUNCTION_DECL)
		want_function(*at);
	if (TYPE_P(*at))
		*walk_subtrees = 0;
	return NULL_TREE;
}

// ---- one node ------------------------------------------------------------------------------------

static tree hash_node(tree *at, int *walk_subtrees, void *arg)
{
	struct walk *walk = (struct walk *)arg;
	tree node = *at;

	mix_both(walk, TREE_CODE(node));
	if (TYPE_P(node)) {
		mix_type(walk, node);
		*walk_subtrees = 0;
		return NULL_TREE;
	}
	if (DECL_P(node)) {
		mix_name(walk, DECL_NAME(node));
		mix_type(walk, TREE_TYPE(node));
		if (TREE_CODE(node) == FUNCTION_DECL)
			want_function(node);
		return NULL_TREE;
	}
	if (TREE_CODE(node) == BIND_EXPR) {
		hash_block(walk, node);
		*walk_subtrees = 0;
		return NULL_TREE;
	}
	// Shared expressions are walked once, else the time could double with each of them.
	if ((TREE_CODE(node) == SAVE_EXPR || TREE_CODE(node) == TARGET_EXPR) && walk->shared->add(node)) {
		*walk_subtrees = 0;
		return NULL_TREE;
	}
	if (CONSTANT_CLASS_P(node))
		mix_constant(walk, node);
	else if (TREE_CODE(node) == COMPONENT_REF)
		gather_type(TREE_TYPE(TREE_OPERAND(node, 0)), walk->fact);
	else if (TREE_CODE(node) == CALL_EXPR)
		note_builtin_line(node);
	if (EXPR_P(node)) {
		mix_type(walk, TREE_TYPE(node));
		mix_both(walk, TREE_THIS_VOLATILE(node));
		if (TREE_TYPE(node) && RECORD_OR_UNION_TYPE_P(TREE_TYPE(node)))
			gather_type(TREE_TYPE(node), walk->fact);
	}
	return NULL_TREE;
}

static void hash_tree(struct walk *walk, tree *at)
{
	walk_tree(at, hash_node, walk, NULL);
}

static void walk_function(tree function)
{
	struct walk walk = {};
	struct function_fact *fact = function_fact(function);
	hash_set<tree> shared;

	if (fact->parsed)
		return;
	walk.function = function;
	walk.fact = fact;
	walk.shared = &shared;
	walk.hash = walk.shape = HASH_START;
	mix_type(&walk, TREE_TYPE(TREE_TYPE(function)));
	for (tree parameter = DECL_ARGUMENTS(function); parameter; parameter = DECL_CHAIN(parameter)) {
		mix_name(&walk, DECL_NAME(parameter));
		mix_type(&walk, TREE_TYPE(parameter));
	}
	hash_tree(&walk, &DECL_SAVED_TREE(function));
	fact->parsed = true;
	fact->hash = walk.hash;
}

static void walk_wanted(void)
{
	while (wanted.count)
		walk_function(wanted.at[--wanted.count]);
}

void gather_function(tree function)
{
	if (TREE_CODE(function) != FUNCTION_DECL || !DECL_SAVED_TREE(function) || waits_for_use(function))
		return;
	walk_function(function);
	walk_wanted();
}

void gather_awaited(tree function)
{
	if (TREE_CODE(function) != FUNCTION_DECL || !DECL_SAVED_TREE(function) || !waits_for_use(function) ||
	    !numbers_get(&awaited, DECL_UID(function)))
		return;
	walk_function(function);
	walk_wanted();
}

void gather_initial(tree variable)
{
	if (!VAR_P(variable) || !TREE_STATIC(variable) || !DECL_INITIAL(variable) ||
	    DECL_INITIAL(variable) == error_mark_node || !frontend_keeps_bodies() ||
	    decl_function_context(variable)) // is in its function's body
		return;
	walk_tree_without_duplicates(&DECL_INITIAL(variable), want_functions, NULL);
	walk_wanted();
}
