// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Are notes those of this object? Names, sizes, initial values and who refers to what are all in the object itself:
 * where it says otherwise, something changed it after the compiler, or the notes are another's, and none is believed.
 */
#include "diff/debug.h"
#include "diff/model.h"
#include "diff/notes.h"

#include <inttypes.h>
#include <string.h>

struct binding {
	struct object *object;
	struct notes *notes;
	struct arena *arena;
	struct strmap *symbols; // name -> struct found
};

struct found {
	struct symbol *symbol;
	size_t count;
};

// ---- symbols -------------------------------------------------------------------------------------

static void index_symbols(struct binding *binding)
{
	for (size_t i = 1; i < binding->object->symbol_count; i++) {
		struct symbol *symbol = &binding->object->symbols[i];
		struct found *found;
		void **at;

		if ((!symbol->section && !symbol->common) || !*symbol->name || symbol->kind == SYMBOL_SECTION)
			continue;
		at = strmap_put(binding->symbols, symbol->name);
		if (!*at)
			*at = arena_alloc(binding->arena, sizeof(struct found));
		found = *at;
		found->symbol = symbol;
		found->count++;
	}
}

// Locals of several files may share a name after `ld -r`: which is meant is not known then, and nothing follows.
static const char *find_symbol(const struct binding *binding, const char *name, struct symbol **symbol)
{
	const struct found *found = strmap_get(binding->symbols, name);

	*symbol = found && found->count == 1 ? found->symbol : NULL;
	return found ? NULL : "name symbols that the object does not have";
}

static const char *bind_function(const struct binding *binding, struct note_function *function)
{
	struct symbol *symbol;
	const char *problem;

	if (!(function->flags & NOTE_HAS_SYMBOL))
		return NULL;
	problem = find_symbol(binding, function->symbol, &symbol);
	if (problem || !symbol)
		return problem;
	if (!symbol->section || !(symbol->section->flags & SECTION_EXEC))
		return "name a function that is none";
	function->unit = symbol->unit;
	// an alias has its body's unit, and the body is what counts
	if (symbol->unit && !(function->flags & NOTE_ALIAS))
		binding->notes->function_of[unit_index(symbol->unit)] =
			(size_t)(function - binding->notes->functions) + 1;
	return NULL;
}

// ---- variables -----------------------------------------------------------------------------------

static bool is_zero(const uint8_t *bytes, uint64_t size)
{
	for (uint64_t i = 0; i < size; i++)
		if (bytes[i])
			return false;
	return true;
}

static uint64_t stored_value(const struct object *object, const uint8_t *bytes, uint64_t size)
{
	uint64_t value = 0;

	for (uint64_t i = 0; i < size; i++)
		value = value << 8 | bytes[object->arch->big_endian ? i : size - 1 - i];
	return value;
}

static bool has_initial_value(const struct object *object, const struct note_variable *variable,
			      const struct symbol *symbol)
{
	const uint8_t *bytes =
		symbol->section && symbol->section->data ? symbol->section->data + symbol->value : NULL;
	uint64_t size = variable->size;

	if (variable->initial == NOTE_ZERO)
		return !bytes || is_zero(bytes, size);
	if (variable->initial != NOTE_INTEGER || size > 8 || !size)
		return true;
	return bytes && !((stored_value(object, bytes, size) ^ variable->value) &
			  (size == 8 ? UINT64_MAX : (UINT64_C(1) << 8 * size) - 1));
}

static const char *bind_variable(const struct binding *binding, struct note_variable *variable)
{
	struct symbol *symbol;
	const char *problem = find_symbol(binding, variable->symbol, &symbol);

	if (problem || !symbol)
		return problem;
	if (symbol->kind == SYMBOL_FUNCTION || (symbol->section && symbol->section->flags & SECTION_EXEC))
		return "name a variable that is a function";
	if (symbol->size != variable->size)
		return "give a variable another size than its symbol";
	if (symbol->section &&
	    (symbol->value > symbol->section->size || symbol->size > symbol->section->size - symbol->value))
		return NULL;
	if (!has_initial_value(binding->object, variable, symbol))
		return "give a variable another initial value than the object";
	variable->unit = symbol->unit;
	return NULL;
}

// ---- who refers to what --------------------------------------------------------------------------

static bool is_user(const struct notes *notes, const struct note_variable *variable,
		    const struct unit *function)
{
	for (size_t i = 0; i < variable->user_count; i++)
		if (notes->functions[variable->users[i]].unit == function)
			return true;
	return false;
}

// Is the function told of at all? After `ld -r` one may stay without its unit, since names are not unique.
static bool all_bound(const struct notes *notes, const struct note_variable *variable)
{
	for (size_t i = 0; i < variable->user_count; i++)
		if (!notes->functions[variable->users[i]].unit)
			return false;
	return true;
}

static const char *check_users(const struct notes *notes, const struct referrers *referrers,
			       const struct note_variable *variable)
{
	size_t count;
	struct unit *const *from = referrers_of(referrers, variable->unit, &count);

	for (size_t i = 0; i < count; i++) {
		const struct unit *user =
			from[i]->owner && from[i]->kind == UNIT_FUNCTION ? from[i]->owner : from[i];

		if (user->kind == UNIT_FUNCTION && !is_user(notes, variable, user))
			return "let a variable be used by other functions than the code does";
	}
	return NULL;
}

static const char *bind_users(const struct binding *binding)
{
	const struct notes *notes = binding->notes;
	struct referrers *referrers = NULL;
	const char *problem = NULL;

	for (size_t i = 0; i < notes->variable_count && !problem; i++) {
		const struct note_variable *variable = &notes->variables[i];

		if (!variable->has_users || !variable->unit || !all_bound(notes, variable))
			continue;
		if (!referrers)
			referrers = referrers_new(binding->object);
		problem = check_users(notes, referrers, variable);
	}
	referrers_free(referrers);
	return problem;
}

// ---- where namesakes are declared ----------------------------------------------------------------

static const char *namesake_key(const struct binding *binding, const struct note_variable *variable)
{
	return arena_printf(binding->arena, "%zu %s", variable->function, variable->name);
}

/*
 * Of several statics of one name and function symbols, sizes and values may be alike: what tells them apart is where they are
 * declared, and debug information says that of each symbol.
 */
static const char *bind_namesakes(const struct binding *binding)
{
	const struct notes *notes = binding->notes;
	struct strmap *seen = strmap_new(), *twice = strmap_new();
	const char *problem = NULL;

	for (size_t i = 0; i < notes->variable_count; i++)
		if (notes->variables[i].function && notes->variables[i].unit) {
			const char *key = namesake_key(binding, &notes->variables[i]);

			*strmap_put(strmap_get(seen, key) ? twice : seen, key) = seen;
		}
	for (size_t i = 0; strmap_count(twice) && i < notes->variable_count && !problem; i++) {
		const struct note_variable *variable = &notes->variables[i];
		unsigned line = 0;

		if (!variable->function || !variable->unit ||
		    !strmap_get(twice, namesake_key(binding, variable)))
			continue;
		if (debug_static(binding->object, variable->unit->section, variable->unit->offset, &line) &&
		    line && line != variable->line)
			problem = "declare a variable in another line than the debug information does";
	}
	strmap_free(seen);
	strmap_free(twice);
	return problem;
}

const char *notes_bind(struct object *object, struct notes *notes, struct arena *arena)
{
	struct binding binding = {.object = object, .notes = notes, .arena = arena, .symbols = strmap_new()};
	const char *problem = NULL;

	notes->function_of = arena_array(arena, object->unit_count + 1, sizeof(size_t));
	index_symbols(&binding);
	for (size_t i = 0; i < notes->function_count && !problem; i++)
		problem = bind_function(&binding, &notes->functions[i]);
	for (size_t i = 0; i < notes->variable_count && !problem; i++)
		problem = bind_variable(&binding, &notes->variables[i]);
	if (!problem)
		problem = bind_users(&binding);
	if (!problem)
		problem = bind_namesakes(&binding);
	strmap_free(binding.symbols);
	return problem;
}
