// SPDX-License-Identifier: GPL-3.0-or-later
// A lambda changed; the function that makes it stays, unless the lambda was inlined.
// GCC calls it f(long)::{lambda(long)#1}; Clang counts what has internal linkage: f(long)::$_0
// also: clang16-x86_64-O0-pic-sections-plain
// also: clang16-x86_64-O1-pie-whole-ubsan
// expect[O0]: changed _ZZ1flENKUllE_clEl|_ZZ1flENK3$_0clEl
// expect[!O0]: maybe changed _ZZ1flENKUllE_clEl|_ZZ1flENK3$_0clEl; maybe changed _Z1fl
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
