// SPDX-License-Identifier: GPL-3.0-or-later
// A static function became global: the same function, reached by another kind of reference.
// where: x86_64 sections
// Others may call a global function through a pointer, so that it begins with endbr64 now.
// expect[!cet]: nothing
// expect[cet]: changed helper
#include "case.h"
#ifdef NEW
long helper(long value);
#else
static long helper(long value);
#endif
APART long helper(long value)
{
	return value * get();
}
long f(long value)
{
	return helper(value) + 1;
}
