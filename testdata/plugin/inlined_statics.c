// SPDX-License-Identifier: GPL-3.0-or-later
// Three callers, all changed, of two inlined functions whose statics have one name.
#include "truth.h"

#define NEXT                                                                                                 \
	static inline __attribute__((always_inline)) int next(int x)                                         \
	{                                                                                                    \
		static int n TRUTH(next);                                                                    \
		return n += x;                                                                               \
	}
#define PREVIOUS                                                                                             \
	static inline __attribute__((always_inline)) int previous(int x)                                     \
	{                                                                                                    \
		static int n TRUTH(previous);                                                                \
		return n -= x;                                                                               \
	}
#ifdef OLD
NEXT
PREVIOUS
#define MORE
#else
PREVIOUS
NEXT
#define MORE use(9);
#endif

int a(int x)
{
	MORE
	return next(x) * previous(x);
}

int b(int x)
{
	MORE
	return previous(x) - next(2 * x);
}

int c(int x)
{
	MORE
	return next(3) + previous(x);
}
