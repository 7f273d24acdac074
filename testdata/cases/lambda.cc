// SPDX-License-Identifier: GPL-3.0-or-later
// A lambda changed; the function that makes it stays, unless the lambda was inlined.
// expect[O0]: changed _ZZ1flENKUllE_clEl
// expect[!O0]: maybe changed _ZZ1flENKUllE_clEl; maybe changed _Z1fl
#include "case.h"
#ifdef NEW
#define STEP 31
#else
#define STEP 30
#endif
long f(long value)
{
	auto scale = [](long x) { return x * get() + STEP; };

	return scale(value) + scale(get());
}
