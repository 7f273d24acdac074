// SPDX-License-Identifier: GPL-3.0-or-later
// Live data without a name, as Clang makes of compound literals: its initial value changes, or who uses it changes so
// much that nobody can say which is which.
#ifdef OLD
#define VALUE "5"
#define MORE ""
#else
#define VALUE "6"
#define MORE "nop;"
#endif
#ifndef LOST
#undef MORE
#define MORE ""
#endif

int get(void)
{
	int value;

	__asm__ volatile(MORE "incl .Lstate(%%rip); movl .Lstate(%%rip), %0;"
			      ".pushsection .data.raw, \"aw\"; .Lstate: .long " VALUE "; .popsection"
			 : "=r"(value));
	return value;
}
