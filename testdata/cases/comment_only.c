// SPDX-License-Identifier: GPL-3.0-or-later
// Comments and blank lines.
// expect: nothing
#include "case.h"
#ifdef NEW
/*
 * A long comment.
 */
#line 77
#endif
long f(long value)
{
	static long sum;

	use_text("f");
	return sum += value * 3;
}
