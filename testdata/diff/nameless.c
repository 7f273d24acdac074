// SPDX-License-Identifier: GPL-3.0-or-later
// Assembly without symbols: code, and a table that a linker script would collect.
#ifdef OLD
#define CODE  "xor %eax, %eax; ret"
#define ENTRY "1"
#else
#define CODE  "mov $1, %al; ret"
#define ENTRY "2"
#endif
#ifndef TABLE
__asm__(".section .text.raw, \"ax\"; " CODE "; .text");
#else
__asm__(".section table, \"a\"; .quad " ENTRY "; .text");
#endif
int kept(void)
{
	return 1;
}
