// SPDX-License-Identifier: GPL-3.0-or-later
// Two functions with constant tables of one name, a new one with a third before them.
// Clang puts tables among the mergeable constants, where they are part of their function.
// expect: new before
// expect[gcc]: new data before.weights
// expect[clang]: maybe new data before.weights
#include "case.h"
#ifdef NEW
int before(unsigned which)
{
	static const int weights[] = {3, 20, 5, 5, 77, 12, 9, 3};

	return weights[which & 7];
}
#endif
int f(unsigned which)
{
	static const int weights[] = {1, 20, 30, 5, 77, 12, 9, 3};

	return weights[which & 7];
}
int g(unsigned which)
{
	static const int weights[] = {1, 20, 30, 5, 77, 12, 9, 4};

	return weights[which & 7];
}
