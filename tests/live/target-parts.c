// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The functions that a package replaces: PARTS of them, each on a page of its own, all of version VERSION. They
 * have prologues of several kinds. parts_call() is not replaced.
 */
#include "target.h"

#ifndef VERSION
#define VERSION 1
#endif

#define PART __attribute__((noinline, noclone, aligned(4096)))

int parts_helper(int x);

// A leaf, one that keeps registers over calls, one with a frame, one that tests before it starts.
#define PARTS_OF_FOUR(n)                                                                                     \
	PART int part_##n##_0(int x)                                                                         \
	{                                                                                                    \
		return x * 3 + VERSION * 1000;                                                               \
	}                                                                                                    \
	PART int part_##n##_1(int x)                                                                         \
	{                                                                                                    \
		int a = parts_helper(x), b = parts_helper(x + 1), c = parts_helper(x + 2);                   \
		return a + b - c - x + 1 + x * 3 + VERSION * 1000;                                           \
	}                                                                                                    \
	PART int part_##n##_2(int x)                                                                         \
	{                                                                                                    \
		volatile int room[24];                                                                       \
		for (int i = 0; i < 24; i++)                                                                 \
			room[i] = x * 3 + i;                                                                 \
		return room[parts_helper(x) == x ? 5 : 6] - 5 + VERSION * 1000;                              \
	}                                                                                                    \
	PART int part_##n##_3(int x)                                                                         \
	{                                                                                                    \
		if (__builtin_expect(x < 0, 0))                                                              \
			return parts_helper(-x) + VERSION;                                                   \
		return parts_helper(x) * 3 + VERSION * 1000;                                                 \
	}

PARTS_OF_FOUR(0)
PARTS_OF_FOUR(1)
PARTS_OF_FOUR(2)
PARTS_OF_FOUR(3)
PARTS_OF_FOUR(4)
PARTS_OF_FOUR(5)
PARTS_OF_FOUR(6)
PARTS_OF_FOUR(7)
PARTS_OF_FOUR(8)
PARTS_OF_FOUR(9)
