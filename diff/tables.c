// SPDX-License-Identifier: GPL-3.0-or-later
// Tables that the linker puts together from one entry here and one there: no code refers to an entry, the section's name alone
// says who reads it. Of the Linux kernel: initcalls and exports.
#include "diff/model.h"

#include <ctype.h>
#include <string.h>

/*
 * include/linux/init.h, include/linux/export.h: the section says when the function runs, and to whom the symbol is exported.
 *	.initcall6.init: __initcall__kmod_exec__777_2207_init_fs_exec_sysctls6
 *	.con_initcall.init: __initcall__kmod_8250__231_695_univ8250_console_initcon
 *	___ksymtab_gpl+kill_pid: __ksymtab_kill_pid
 * A name of C gets __start_NAME and __stop_NAME from the linker.
 */
bool unit_is_initcall(const struct unit *unit)
{
	return unit->kind == UNIT_DATUM && starts_with(unit->name, "__initcall_") &&
	       (starts_with(unit->section->name, ".initcall") ||
		starts_with(unit->section->name, ".con_initcall"));
}

bool unit_is_export(const struct unit *unit)
{
	return unit->kind == UNIT_DATUM && (starts_with(unit->section->name, "___ksymtab") ||
					    !strcmp(unit->section->name, ".export_symbol"));
}

static bool is_name_of_c(const char *name)
{
	if (!isalpha((unsigned char)*name) && *name != '_')
		return false;
	while (isalnum((unsigned char)*name) || *name == '_')
		name++;
	return !*name;
}

bool unit_is_table_entry(const struct unit *unit)
{
	return unit_is_initcall(unit) || unit_is_export(unit) ||
	       (unit->kind == UNIT_DATUM && is_name_of_c(unit->section->name));
}

/*
 * Levels: 0 to 7, of which each has a later half (6s), and some with names. The name ends with its level, which the section's
 * name holds.
 */
const char *initcall_name(struct arena *arena, const struct unit *unit)
{
	static const char *const levels[] = {"early", "rootfs", "con"};
	const char *key = name_key(arena, unit->name);
	size_t length = strlen(key);

	for (size_t i = 0; i < ARRAY_SIZE(levels); i++)
		if (length > strlen(levels[i]) && !strcmp(key + length - strlen(levels[i]), levels[i]))
			return arena_printf(arena, "%.*s.level", (int)(length - strlen(levels[i])), key);
	if (length > 1 && key[length - 1] == 's' && isdigit((unsigned char)key[length - 2]))
		length--;
	if (length > 0 && isdigit((unsigned char)key[length - 1]))
		length--;
	return arena_printf(arena, "%.*s.level", (int)length, key);
}
