// SPDX-License-Identifier: GPL-3.0-or-later
// A word of data in an assembly file, without type or size, changed.
// expect: changed data second; refuse data-changed second
	.data
	.balign 8
	.globl first
first:
	.4byte 1
	.globl second
second:
#ifdef NEW
	.4byte 3
#else
	.4byte 2
#endif
