// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Which function was inlined where, and which is whose clone, made how. GCC inlines twice: early, where each function's
 * body gets small callees before it is inlined itself, and then over the whole unit, where the call graph holds a
 * copy of each inlined node until the code is made.
 */
#include "facts.h"

static bool knows_inlining(const struct function_fact *fact, unsigned callee, unsigned line)
{
	for (size_t i = 0; i < fact->inlined.count; i++)
		if (fact->inlined.at[i].callee == callee && fact->inlined.at[i].line == line)
			return true;
	return false;
}

#define INLINED_MAX 2000 // in one function; more of them tell nobody more

static void note_inlining(tree into, tree callee, location_t call, bool early)
{
	expanded_location place = expand_location(call);
	struct function_fact *fact;
	struct inlining *inlining;

	function_fact(callee); // may move the others
	fact = function_fact(into);
	if (fact->inlined.count >= INLINED_MAX || knows_inlining(fact, DECL_UID(callee), place.line))
		return;
	inlining = list_push(&fact->inlined);
	inlining->callee = DECL_UID(callee);
	inlining->file = place.file;
	inlining->line = place.line;
	inlining->early = early;
}

// A body that was inlined is a block whose origin is its function.
static void note_blocks(tree into, tree block)
{
	for (tree inner = BLOCK_SUBBLOCKS(block); inner; inner = BLOCK_CHAIN(inner)) {
		tree origin = BLOCK_ABSTRACT_ORIGIN(inner) ? block_ultimate_origin(inner) : NULL_TREE;

		if (origin && TREE_CODE(origin) == FUNCTION_DECL && inlined_function_outer_scope_p(inner))
			note_inlining(into, origin, BLOCK_SOURCE_LOCATION(inner), true);
		note_blocks(into, inner);
	}
}

void gather_early_inlining(tree function)
{
	tree block = DECL_INITIAL(function);

	if (block && TREE_CODE(block) == BLOCK)
		note_blocks(function, block);
}

// ---- over the whole unit -------------------------------------------------------------------------

void print_constant(struct text *text, tree value)
{
	STRIP_NOPS(value);
	if (TREE_CODE(value) == INTEGER_CST && tree_fits_shwi_p(value))
		text_print(text, "%lld", (long long)tree_to_shwi(value));
	else if (TREE_CODE(value) == INTEGER_CST && tree_fits_uhwi_p(value))
		text_print(text, "%llu", (unsigned long long)tree_to_uhwi(value));
	else if (TREE_CODE(value) == REAL_CST)
		text_print(text, "real:%x", real_hash(TREE_REAL_CST_PTR(value)));
	else if (TREE_CODE(value) == ADDR_EXPR && DECL_P(TREE_OPERAND(value, 0)) &&
		 DECL_NAME(TREE_OPERAND(value, 0)))
		text_print(text, "&%s", IDENTIFIER_POINTER(DECL_NAME(TREE_OPERAND(value, 0))));
	else
		text_print(text, "?");
}

// "p0=5 p2=&table": the parameters that have one value in this clone; "keep 0 2:8" those that are left.
static void describe_clone(struct text *text, cgraph_node *node)
{
	vec<ipa_replace_map *, va_gc> *map = clone_replacements(node);
	ipa_param_adjustments *adjustments = clone_adjustments(node);

	for (unsigned i = 0; i < vec_safe_length(map); i++) {
		text_print(text, "%sp%d=", text->size ? " " : "", (*map)[i]->parm_num);
		print_constant(text, (*map)[i]->new_tree);
	}
	if (adjustments) {
		text_print(text, "%skeep", text->size ? " " : "");
		for (unsigned i = 0; i < vec_safe_length(adjustments->m_adj_params); i++) {
			ipa_adjusted_param *parameter = &(*adjustments->m_adj_params)[i];

			text_print(text, " %u", (unsigned)parameter->base_index);
			if (parameter->op == IPA_PARAM_OP_SPLIT)
				text_print(text, ":%u", (unsigned)parameter->unit_offset);
		}
		if (adjustments->m_skip_return)
			text_print(text, " void");
	}
	if (node->clone_of && node->clone_of->clone_of) { // of a clone
		text_print(text, " of ");
		describe_clone(text, node->clone_of);
	}
}

static void gather_node(cgraph_node *node)
{
	cgraph_node *root = inlined_root(node);

	if (root) {
		cgraph_edge *call = node->callers;
		location_t place =
			call && call->call_stmt ? gimple_location(call->call_stmt) : UNKNOWN_LOCATION;

		note_inlining(root->decl, node->decl, place, false);
		return;
	}
	if (node->address_taken || node->icf_merged) {
		struct function_fact *fact = function_fact(node->decl);

		fact->address |= node->address_taken;
		fact->merged |= node->icf_merged;
	}
	if (node->clone_of && node->clone_of->decl != node->decl) {
		struct text text = {};

		describe_clone(&text, node);
		function_fact(node->decl)->clone = text.at;
	}
}

// The symbol of the other part is of no declaration: varasm.c names it.
void gather_splitting(tree function)
{
	if (crtl->has_bb_partition)
		function_fact(function)->cold = true;
}

static void add_user(struct variable_fact *fact, unsigned user)
{
	for (size_t i = 0; i < fact->users.count; i++)
		if (fact->users.at[i] == user)
			return;
	*list_push(&fact->users) = user;
}

// Who refers to a static of a function: later GCC takes references away, but adds none.
static void gather_users(varpool_node *node)
{
	size_t index = numbers_get(&facts.variable_of, DECL_UID(node->decl));
	struct variable_fact *fact;
	ipa_ref *ref;

	if (!index)
		return;
	fact = &facts.variables.at[index - 1];
	fact->knows_users = true;
	for (unsigned i = 0; node->iterate_referring(i, ref); i++) {
		cgraph_node *user = dyn_cast<cgraph_node *>(ref->referring);

		if (user)
			add_user(fact, DECL_UID((inlined_root(user) ? inlined_root(user) : user)->decl));
		else
			fact->other_users = true;
	}
}

void gather_ipa(void)
{
	cgraph_node *node;
	varpool_node *variable;

	FOR_EACH_FUNCTION(node)
	gather_node(node);
	FOR_EACH_VARIABLE(variable)
	gather_users(variable);
}
