// SPDX-License-Identifier: GPL-3.0-or-later
// Two statics change places, and the code stays as long, with references at the same offsets.
#include "truth.h"

void f(int x, int y)
{
#ifdef OLD
	{
		static int count TRUTH(sum);
		count += x;
	}
	{
		static int count TRUTH(difference);
		count -= y;
	}
#else
	{
		static int count TRUTH(difference);
		count -= y;
	}
	{
		static int count TRUTH(sum);
		count += x;
	}
#endif
}
