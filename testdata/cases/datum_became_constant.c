// SPDX-License-Identifier: GPL-3.0-or-later
// A variable became a constant: what was state is none any more.
// expect: changed data limit; maybe refuse data-changed; maybe refuse data-layout; maybe changed f
// reason limit: attribute section
#include "case.h"
#ifdef NEW
extern const int limit;
const int limit = 5;
#else
int limit = 5;
#endif
int f(void)
{
	return limit;
}
