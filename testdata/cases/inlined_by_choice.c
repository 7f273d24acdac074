// SPDX-License-Identifier: GPL-3.0-or-later
// A static function is inlined with optimisation, and is a function of its own without.
// expect[O0]: changed helper
// expect[!O0]: changed f
#include "case.h"
#ifdef NEW
#define FACTOR 300
#else
#define FACTOR 700
#endif
static void helper(long value)
{
	use(value + FACTOR);
}
void f(void)
{
	helper(get());
}
void g(void)
{
	use(700);
}
