// SPDX-License-Identifier: GPL-3.0-or-later
// The static has another name: nothing says that it is the same one.
// expect: changed f; removed data f.count; new data f.counter
// expect: maybe refuse static-uncorrelated
#include "case.h"
#ifdef NEW
#define NAME counter
#else
#define NAME count
#endif
long f(void)
{
	static long NAME;

	return NAME += get();
}
