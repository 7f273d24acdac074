// SPDX-License-Identifier: GPL-3.0-or-later
// The same in both versions: calls the parts, directly and through pointers.
#include "target.h"

#define FOUR(what, n) what(n, 0) what(n, 1) what(n, 2) what(n, 3)
#define ALL(what)                                                                                            \
	FOUR(what, 0)                                                                                        \
	FOUR(what, 1)                                                                                        \
	FOUR(what, 2)                                                                                        \
	FOUR(what, 3) FOUR(what, 4) FOUR(what, 5) FOUR(what, 6) FOUR(what, 7) FOUR(what, 8) FOUR(what, 9)

#define DECLARE(n, m) int part_##n##_##m(int x);
ALL(DECLARE)

int (*const parts[PARTS])(int) = {
#define POINTER(n, m) part_##n##_##m,
	ALL(POINTER)};

__attribute__((noinline, noclone)) int parts_helper(int x)
{
	__asm__ volatile("" : "+r"(x));
	return x;
}

// What the parts say of their version, in one pass, by direct calls.
__attribute__((noinline, noclone)) void parts_call(int x, int versions[PARTS])
{
	int *at = versions;

#define CALL(n, m) *at++ = (part_##n##_##m(x) - x * 3) / 1000;
	ALL(CALL)
}
