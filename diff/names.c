// SPDX-License-Identifier: GPL-3.0-or-later
// What compilers and the kernel's macros put into names: numbers of one build, and roles of clones.
#include "diff/model.h"

#include <ctype.h>
#include <string.h>

static bool is_number(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!isdigit((unsigned char)text[i]))
			return false;
	return length > 0;
}

/*
 * include/linux/init.h, __initcall_id(): a counter and a source line stand between module and function:
 *	__initcall__kmod_exec__777_2207_init_fs_exec_sysctls5 -> __initcall__kmod_exec__#_#_init_fs_exec_sysctls5
 */
static char *initcall_key(struct arena *arena, const char *name)
{
	char *key = arena_alloc(arena, strlen(name) + 3), *out = key;

	while (*name) {
		size_t digits = *name == '_' ? strspn(name + 1, "0123456789") : 0;

		*out++ = *name++;
		if (digits && name[digits] == '_') {
			*out++ = '#';
			name += digits;
		}
	}
	*out = 0;
	return key;
}

/*
 * Components that are numbers count what the compiler made before and mean nothing by themselves:
 *	count.5                    -> count.#            a static local
 *	f.isra.0.constprop.2.cold  -> f.isra.#.constprop.#.cold
 *	__UNIQUE_ID_license413     -> __UNIQUE_ID_license#  (include/linux/compiler.h, __COUNTER__)
 *	_ZZ1fvENKUliE0_clEi        -> _ZZ1fvENKUliE#_clEi   (C++, names-cxx.c)
 * Names with equal keys are candidates for each other; a name that is its own key stands for itself.
 */
const char *name_key(struct arena *arena, const char *name)
{
	size_t length, out = 0;
	const char *given = name;
	char *key;

	name = name_key_cxx(arena, name);
	length = strlen(name);
	if (strncmp(name, "__UNIQUE_ID_", 12) == 0) {
		// A static local has a number of its own behind: __UNIQUE_ID_ddebug356.14
		while (length && (isdigit((unsigned char)name[length - 1]) || name[length - 1] == '.'))
			length--;
		return arena_printf(arena, "%.*s#", (int)length, name);
	}
	if (!strncmp(name, "__initcall__", 12))
		return initcall_key(arena, name);
	if (!strchr(name, '.'))
		return name;
	key = arena_alloc(arena, length + 1);
	for (const char *at = name; *at;) {
		size_t part = strcspn(at, ".");

		if (at != name && is_number(at, part)) {
			key[out++] = '#';
		} else {
			memcpy(key + out, at, part);
			out += part;
		}
		at += part;
		if (*at)
			key[out++] = *at++;
	}
	return strcmp(key, given) ? key : given;
}

// NAME is PREFIX, alone or with a number behind it.
static bool is_numbered(const char *name, const char *prefix)
{
	size_t length = strlen(prefix);

	return !strncmp(name, prefix, length) &&
	       (!name[length] || (name[length] == '.' && isdigit((unsigned char)name[length + 1])));
}

// What Clang puts before the name of a static of a function: `f.__already_done`, where GCC has `__already_done.1`.
static const char *behind_function(const char *name)
{
	const char *dot = strchr(name, '.');

	return dot && dot != name && dot[1] && !isdigit((unsigned char)dot[1]) ? dot + 1 : name;
}

bool name_may_be_first(const char *name)
{
	return behind_function(name) != name;
}

bool name_is_function_name(const char *name)
{
	static const char *const prefixes[] = {"__func__", "__FUNCTION__", "__PRETTY_FUNCTION__"};

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) // Clang puts the function behind: __func__.f
		if (is_numbered(name, prefixes[i]) ||
		    (!strncmp(name, prefixes[i], strlen(prefixes[i])) && name[strlen(prefixes[i])] == '.'))
			return true;
	return false;
}

// Clang's texts, .str, .str.1, where the address sanitizer keeps them apart from each other; no name of C has a dot in front.
bool name_is_text(const char *name)
{
	return is_numbered(name, ".str");
}

bool name_is_content(const char *name)
{
	// Of Clang: switch.table.f. DW.ref._ZTIi: address of a caught type's description
	static const char *const named[] = {"switch.table.", "reltable.", "DW.ref."};

	for (size_t i = 0; i < ARRAY_SIZE(named); i++)
		if (!strncmp(name, named[i], strlen(named[i])))
			return true;
	return name_is_function_name(name) || name_is_text(name) || is_numbered(name, "CSWTCH");
}

bool name_is_per_build(const char *name)
{
	static const char *const prefixes[] = {"__already_done", "__warned", "__key",  "_rs",
					       "descriptor",     "_entry",   "__once", "___once_key",
					       "__print_once",   "___tp_str"};
	const char *own = behind_function(name);

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (is_numbered(name, prefixes[i]) || is_numbered(own, prefixes[i]))
			return true;
	return !strncmp(name, "__UNIQUE_ID_", 12);
}
