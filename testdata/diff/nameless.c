// SPDX-License-Identifier: GPL-3.0-or-later
// Assembly without symbols: code, a table that a linker script would collect, and one of texts, which move in their pool.
#ifdef OLD
#define CODE  "xor %eax, %eax; ret"
#define ENTRY "1"
#else
#define CODE  "mov $1, %al; ret"
#define ENTRY "2"
#endif
#if defined(OLD) || !defined(OTHER)
#define NEXT "next"
#else
#define NEXT "last"
#endif
#ifdef TEXTS
#ifdef OLD
#define POOL ""
#else
#define POOL ".string \"added\"; "
#endif
__asm__(".section .rodata.str1.1, \"aMS\", @progbits, 1; " POOL
	".Lfirst: .string \"first\"; .Lnext: .string \"" NEXT "\"; "
	".section .data.rel.ro, \"aw\"; .quad .Lfirst, .Lnext; .text");
#elif !defined(TABLE)
__asm__(".section .text.raw, \"ax\"; " CODE "; .text");
#else
__asm__(".section table, \"a\"; .quad " ENTRY "; .text");
#endif
int kept(void)
{
	return 1;
}
