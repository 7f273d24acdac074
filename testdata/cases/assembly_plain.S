// SPDX-License-Identifier: GPL-3.0-or-later
// Assembly with symbols that have no type and no size: the second one's code changed.
// expect: changed second; refuse no-function-sections
	.text
	.globl first
first:
	nop
	nop
	nop
	.globl second
second:
	nop
#ifdef NEW
	nop
#endif
	nop
	.globl third
third:
	nop
	nop
