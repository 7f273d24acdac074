// SPDX-License-Identifier: GPL-3.0-or-later
// Two functions, each with a static of one name, changed places in the file: the numbers are exchanged, the states not.
// expect: nothing
#include "case.h"
#define F                                                                                                    \
	long f(void)                                                                                         \
	{                                                                                                    \
		static long count;                                                                           \
		return count += 3;                                                                           \
	}
#define G                                                                                                    \
	long g(void)                                                                                         \
	{                                                                                                    \
		static long count;                                                                           \
		return count -= 70;                                                                          \
	}
#ifdef NEW
G
F
#else
F
G
#endif
