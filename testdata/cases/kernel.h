/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tables that the Linux kernel's macros make, in the form of version 6.1 and, for exports, of 6.4 as well. */
#ifndef KERNEL_H
#define KERNEL_H

#include "case.h"

#define PASTE2(a, b)  a##b
#define PASTE(a, b)   PASTE2(a, b)
#define TEXT2(a)      #a
#define TEXT(a)       TEXT2(a)
#define UNIQUE(name)  PASTE(__UNIQUE_ID_##name, __COUNTER__)
/* What a section of notes is called in the assembler's language: @ begins a comment on ARM. */
#define PROGBITS "%progbits"

/* include/linux/export.h: an entry of three distances in a section that the linker sorts by its name. */
#define EXPORT(kind, function)                                                                               \
	static void *UNIQUE(__addressable_##function) KEEP __attribute__((section(".discard.addressable"))) = \
		(void *)&function;                                                                            \
	__asm__(".section \"__ksymtab_strings\",\"aMS\"," PROGBITS ",1\n"                                     \
		"__kstrtab_" #function ":\n.asciz \"" #function "\"\n"                                        \
		"__kstrtabns_" #function ":\n.asciz \"\"\n.previous\n"                                        \
		".section \"___ksymtab" kind "+" #function "\", \"a\"\n.balign 4\n"                           \
		"__ksymtab_" #function ":\n"                                                                  \
		".4byte " #function " - .\n.4byte __kstrtab_" #function " - .\n.4byte __kstrtabns_" #function \
		" - .\n.previous\n")

/* From 6.4 on: modpost makes the table from this. */
#define EXPORT_LATER(licence, function)                                                                      \
	__asm__(".section \".export_symbol\",\"a\"\n__export_symbol_" #function ":\n"                         \
		".asciz \"" licence "\"\n.asciz \"\"\n.balign 8\n.8byte " #function "\n.previous\n")

/* include/linux/init.h: the name holds a counter and the source line. */
#define INITCALL(function, level)                                                                            \
	INITCALL_NAMED(function, level, TEXT(PASTE(__initcall__kmod_case__, PASTE(__COUNTER__, PASTE(_, PASTE(__LINE__, _##function##level))))))
#define INITCALL_NAMED(function, level, name)                                                                \
	static void *UNIQUE(__addressable_##function) KEEP __attribute__((section(".discard.addressable"))) = \
		(void *)&function;                                                                            \
	__asm__(".section \".initcall" #level ".init\", \"a\"\n" name ":\n.4byte " #function " - .\n.previous\n")

#endif
