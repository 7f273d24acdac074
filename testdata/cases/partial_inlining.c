// SPDX-License-Identifier: GPL-3.0-or-later
// GCC splits a function into its quick test, which is inlined, and f.part.0: a number in the slow part changed.
// where: gcc O2 O3
// At -O3 it is inlined as a whole.
// expect[O2]: changed helper; maybe changed f; maybe changed g; maybe changed h
// expect[O3]: maybe changed helper; changed f; changed g; changed h
#include "case.h"
#ifdef NEW
#define STEP 40
#else
#define STEP 30
#endif
static long helper(long *place)
{
	if (__builtin_expect(!place, 1))
		return 0;
	for (long i = 0; i < *place; i++) {
		use(i * STEP);
		use_text("slow");
		use_pointer(place);
		use(get() + get() * 3);
		use_line("slow", 3);
		use_line("slower", 4);
	}
	return *place;
}
long f(long *place)
{
	return helper(place) + 1;
}
long g(long *place)
{
	return helper(place) + 2;
}
long h(long *place)
{
	return helper(place) - 3;
}
