// SPDX-License-Identifier: GPL-3.0-or-later
// The static of a function that is inlined twice; another function with one of that name comes before.
// also: gcc12-aarch64-O2-pie-whole-patchable
// also: gcc12-x86_64-O1-pie-whole-ubsan
// expect: new before; new data before.calls
#include "case.h"
#ifdef NEW
long before(void)
{
	static long calls;

	return calls -= get();
}
#endif
INLINE long next(void)
{
	static long calls;

	return ++calls;
}
void f(void)
{
	use(next());
}
void g(void)
{
	use(next() + 100);
}
