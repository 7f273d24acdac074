// SPDX-License-Identifier: GPL-3.0-or-later
// Assembly with types and sizes; a new function comes first.
// expect: new before; refuse no-function-sections
	.text
#ifdef NEW
	.globl before
	.type before, %function
before:
	nop
	nop
	.size before, . - before
#endif
	.globl first
	.type first, %function
first:
	nop
	nop
	nop
	.size first, . - first
