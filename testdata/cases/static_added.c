// SPDX-License-Identifier: GPL-3.0-or-later
// A function got a static of its own.
// expect: changed f; new data f.count
// reason f: count
#include "case.h"
long f(void)
{
#ifdef NEW
	static long count;

	return get() + count++;
#else
	return get();
#endif
}
