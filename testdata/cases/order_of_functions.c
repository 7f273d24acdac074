// SPDX-License-Identifier: GPL-3.0-or-later
// The functions of a file in another order.
// expect: nothing
#include "case.h"
#define F                                                                                                    \
	long f(long value)                                                                                   \
	{                                                                                                    \
		use_text("f");                                                                               \
		return value * 3;                                                                            \
	}
#define G                                                                                                    \
	long g(long value)                                                                                   \
	{                                                                                                    \
		use_text("g");                                                                               \
		return value * 5;                                                                            \
	}
#define H                                                                                                    \
	long h(long value)                                                                                   \
	{                                                                                                    \
		return value / 7 + get();                                                                    \
	}
#ifdef NEW
H G F
#else
F G H
#endif
