// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Numbers in mangled names of C++ (Itanium C++ ABI, section 5.1.8 "Scope Encoding" and 5.1.6 "Unnamed"): those of lambdas,
 * types without a name and namesakes within one function count what stands before them in the source, as `count.5` does.
 *	_ZZ1fvENKUliE0_clEi	-> _ZZ1fvENKUliE#_clEi	f's second lambda of (int)
 *	_ZZ1fvENUt_1mEv		-> _ZZ1fvENUt#_1mEv			f's first type without a name
 *	_ZZ1fvE5count_0		-> _ZZ1fvE5count#		f's second static named count
 *	_ZZ1fvEN3$_0clEi	-> _ZZ1fvEN#clEi			Clang's lambdas that nobody else sees
 * The walk knows as much of the grammar as it takes to tell these numbers from lengths, substitutions and literals.
 */
#include "diff/model.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 128

struct walk {
	const char *at;
	char *out;
	struct arena *arena;
	struct cxx_numbers *numbers; // where they are noted, or NULL
	char *scope, *scope_end;     // in the output: the function last closed, Z to E
	char *begun[DEPTH_MAX];      // in the output: where each open "E" began
	char open
		[DEPTH_MAX]; // what each open "E" will end: N, I, J, X, F, D, Z, L, and l for a lambda's parameters
	int depth;
	int local; // depth at which the name of a local entity is expected, behind the E of a Z; or -1
	bool failed;
};

static void copy(struct walk *walk, size_t count)
{
	while (count-- && *walk->at)
		*walk->out++ = *walk->at++;
}

static void copy_digits(struct walk *walk)
{
	copy(walk, *walk->at == 'n');
	copy(walk, strspn(walk->at, "0123456789"));
}

static void put(struct walk *walk, const char *text)
{
	while (*text)
		*walk->out++ = *text++;
}

static void open_scope(struct walk *walk, char kind, size_t letters)
{
	if (walk->depth == DEPTH_MAX) {
		walk->failed = true;
		return;
	}
	walk->begun[walk->depth] = walk->out;
	walk->open[walk->depth++] = kind;
	copy(walk, letters);
}

static bool is_in(const struct walk *walk, char kind)
{
	return memchr(walk->open, kind, (size_t)walk->depth) != NULL;
}

// Puts "#" for the LENGTH characters of a number; PIECE begins, in the output, what it counts.
static void put_number(struct walk *walk, const char *piece, size_t length)
{
	struct cxx_numbers *numbers = walk->numbers;

	if (numbers && numbers->count < ARRAY_SIZE(numbers->number)) {
		numbers->what[numbers->count] =
			arena_printf(walk->arena, "%.*s %.*s", (int)(walk->scope_end - walk->scope),
				     walk->scope ? walk->scope : "", (int)(walk->out - piece), piece);
		numbers->number[numbers->count++] = arena_printf(walk->arena, "%.*s", (int)length, walk->at);
	} else if (numbers) {
		walk->failed = true;
	}
	walk->at += length;
	put(walk, "#");
}

// "_", or a number and "_": one lambda or one type among its equals.
static void number_of_one(struct walk *walk, const char *piece)
{
	size_t digits = strspn(walk->at, "0123456789");

	if (walk->at[digits] != '_') {
		walk->failed = true;
		return;
	}
	put_number(walk, piece, digits);
	copy(walk, 1);
	if (walk->local == walk->depth)
		walk->local = -1;
}

/*
 * The name of a local entity is over: its namesakes have "_N" or "__N_" behind it, the first one nothing. Only names have
 * that, no operators and constructors.
 */
// N, qualifiers, and what has no name of its own: members of that have no namesakes beside those with another number.
static bool is_of_unnamed(const char *piece)
{
	piece += 1 + strspn(piece + 1, "KVRO");
	return *piece == 'U' || *piece == '#';
}

static void end_of_name(struct walk *walk, const char *piece)
{
	size_t length = 0;

	if (walk->depth && walk->open[walk->depth - 1] == 'L') { // the value of a literal, behind its type
		copy_digits(walk);
		return;
	}
	if (walk->local != walk->depth || *walk->at == 'B')
		return;
	walk->local = -1;
	if (*piece == 'N' && is_of_unnamed(piece))
		return;
	if (walk->at[0] == '_' && walk->at[1] == '_' && isdigit((unsigned char)walk->at[2])) {
		length = 2 + strspn(walk->at + 2, "0123456789");
		length += walk->at[length] == '_';
	} else if (walk->at[0] == '_' && isdigit((unsigned char)walk->at[1])) {
		length = 2;
	}
	put_number(walk, piece, length);
}

static void source_name(struct walk *walk)
{
	const char *piece = walk->out;
	size_t digits = strspn(walk->at, "0123456789");
	unsigned long length = strtoul(walk->at, NULL, 10);

	if (strlen(walk->at + digits) < length) {
		walk->failed = true;
		return;
	}
	if (length > 2 && !strncmp(walk->at + digits, "$_", 2) &&
	    strspn(walk->at + digits + 2, "0123456789") >= length - 2) {
		put_number(walk, piece, digits + length);
		walk->local = walk->local == walk->depth ? -1 : walk->local;
		return;
	}
	copy(walk, digits + length);
	end_of_name(walk, piece);
}

static void close_scope(struct walk *walk)
{
	char kind;

	if (!walk->depth) {
		walk->failed = true;
		return;
	}
	kind = walk->open[--walk->depth];
	copy(walk, 1);
	if (kind == 'l') {
		number_of_one(walk, walk->begun[walk->depth]);
	} else if (kind == 'Z') {
		walk->local = walk->depth;
		walk->scope = walk->begun[walk->depth];
		walk->scope_end = walk->out;
	} else if (kind == 'N') {
		end_of_name(walk, walk->begun[walk->depth]);
	}
}

// 'L' begins a literal: of a builtin type, of a named type, or a name; or the name of what one file alone sees.
static void literal(struct walk *walk)
{
	const char *next = walk->at + 1;

	if (isdigit((unsigned char)*next) && !is_in(walk, 'I') && !is_in(walk, 'X')) {
		copy(walk, 1);
	} else if (islower((unsigned char)*next) || !strncmp(next, "Dn", 2)) {
		copy(walk, strcspn(walk->at, "E") + 1);
	} else {
		open_scope(walk, 'L', !strncmp(next, "_Z", 2) ? 3 : 1);
	}
}

static void capital(struct walk *walk)
{
	char first = walk->at[0], second = walk->at[1];

	switch (first) {
	case 'E':
		close_scope(walk);
		break;
	case 'N':
	case 'I':
	case 'J':
	case 'X':
	case 'F':
	case 'Z':
		open_scope(walk, first, 1);
		break;
	case 'L':
		literal(walk);
		break;
	case 'U':
		if (second == 'l') {
			open_scope(walk, 'l', 2);
		} else if (second == 't') {
			copy(walk, 2);
			number_of_one(walk, walk->out - 2);
		} else {
			copy(walk, 1);
		}
		break;
	case 'S': // a substitution: St, Sa, S_, S1A_
		if (islower((unsigned char)second))
			copy(walk, 2);
		else
			copy(walk, strcspn(walk->at, "_") + 1);
		if (walk->depth && walk->open[walk->depth - 1] == 'L')
			copy_digits(walk);
		break;
	case 'T': // a parameter, T_ or T0_; or what is special: TV, TI, Thn16_, Tv0_n24_
		if (second == '_' || isdigit((unsigned char)second)) {
			copy(walk, strcspn(walk->at, "_") + 1);
			break;
		}
		copy(walk, 2);
		for (int i = 0; (second == 'h' || second == 'v') && i <= (second == 'v'); i++) {
			copy_digits(walk);
			copy(walk, *walk->at == '_');
		}
		break;
	case 'A':
		copy(walk, 1);
		copy_digits(walk);
		break;
	case 'D':
		if (second == 'T' || second == 't') {
			open_scope(walk, 'D', 2);
			break;
		}
		copy(walk, 2);
		if (second == 'v' || second == 'F' || second == 'B')
			copy_digits(walk);
		break;
	case 'C':
	case 'G':
		copy(walk, 2);
		break;
	default:
		copy(walk, 1);
	}
}

static void small(struct walk *walk)
{
	static const char *const operators[] = {"aN", "aS", "dV", "eO", "mI", "mL", "oR", "pL", "rM"};

	if (is_in(walk, 'X') || is_in(walk, 'D')) { // in expressions
		if (!strncmp(walk->at, "fp", 2) || !strncmp(walk->at, "fL", 2)) {
			copy(walk, strcspn(walk->at, "_") + 1);
			return;
		}
		if (!strncmp(walk->at, "cl", 2) || !strncmp(walk->at, "tl", 2) ||
		    !strncmp(walk->at, "il", 2)) {
			open_scope(walk, 'X', 2);
			return;
		}
	}
	if (walk->local == walk->depth && *walk->at == 's') { // a string of the function
		copy(walk, 1);
		end_of_name(walk, walk->out - 1);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(operators); i++)
		if (!strncmp(walk->at, operators[i], 2)) {
			copy(walk, 2);
			return;
		}
	copy(walk, 1);
}

// What cannot be followed: every number that could be one of a lambda's goes. Too many candidates are ambiguous, too few wrong.
static void without_lambdas(char *out, const char *name)
{
	while (*name) {
		size_t digits = strspn(name + 1, "0123456789");

		*out++ = *name++;
		if ((name[-1] == 'E' || name[-1] == 't') && name[digits] == '_') {
			*out++ = '#';
			name += digits;
		}
	}
	*out = 0;
}

static bool may_have_numbers(const char *name)
{
	return !strncmp(name, "_Z", 2) &&
	       (strchr(name + 2, 'Z') || strstr(name, "Ul") || strstr(name, "Ut") || strstr(name, "$_"));
}

// The key of NAME, or NULL when it cannot be followed to its end.
static char *follow(struct arena *arena, const char *name, struct cxx_numbers *numbers)
{
	size_t length = strcspn(name, ".");
	struct walk walk = {.at = name, .arena = arena, .numbers = numbers, .local = -1};
	// Each number becomes one character, and each local name gets one more.
	char *key = walk.out = arena_alloc(arena, 2 * length + strlen(name) + 1);

	copy(&walk, 2);
	while (walk.at < name + length && !walk.failed) {
		if (isdigit((unsigned char)*walk.at))
			source_name(&walk);
		else if (isupper((unsigned char)*walk.at))
			capital(&walk);
		else if (islower((unsigned char)*walk.at))
			small(&walk);
		else
			copy(&walk, 1);
	}
	strcpy(walk.out, walk.at);
	return walk.failed || walk.depth ? NULL : key;
}

const char *name_key_cxx(struct arena *arena, const char *name)
{
	char *key;

	if (!may_have_numbers(name))
		return name;
	key = follow(arena, name, NULL);
	if (!key) {
		key = arena_alloc(arena, strlen(name) * 2 + 1);
		without_lambdas(key, name);
	}
	return strcmp(key, name) ? key : name;
}

const char *name_numbers_cxx(struct arena *arena, const char *name, struct cxx_numbers *numbers)
{
	numbers->count = 0;
	return may_have_numbers(name) && !strchr(name, '.') ? follow(arena, name, numbers) : NULL;
}

const char *name_from_key_cxx(struct arena *arena, const char *key, const struct cxx_numbers *numbers)
{
	size_t length = strlen(key) + 1, next = 0;
	char *name, *out;

	for (size_t i = 0; i < numbers->count; i++)
		length += strlen(numbers->number[i]);
	out = name = arena_alloc(arena, length);
	for (; *key; key++)
		if (*key == '#' && next < numbers->count)
			out = stpcpy(out, numbers->number[next++]);
		else
			*out++ = *key;
	*out = 0;
	return name;
}
