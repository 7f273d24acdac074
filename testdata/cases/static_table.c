// SPDX-License-Identifier: GPL-3.0-or-later
// A constant table of a function changed in one entry: the function reads it.
// Clang puts the table among the mergeable constants, where it is part of f.
// expect: changed f
// expect[gcc]: changed data f.weights
// expect[clang]: maybe changed data f.weights
// reason[gcc] f: reads weights
#include "case.h"
#ifdef NEW
#define THIRD 31
#else
#define THIRD 30
#endif
int f(unsigned which)
{
	static const int weights[] = {1, 20, THIRD, 5, 77, 12, 9, 3};

	return weights[which & 7];
}
int g(unsigned which)
{
	static const int weights[] = {1, 20, 30, 5, 77, 12, 9, 4};

	return weights[which & 7];
}
