// SPDX-License-Identifier: GPL-3.0-or-later
// A static is gone together with its use.
// also: clang14-x86_64-O2-pie-sections-kasan
// expect: changed f; removed data f.count
#include "case.h"
long f(void)
{
#ifdef NEW
	return get();
#else
	static long count;

	return get() + count++;
#endif
}
