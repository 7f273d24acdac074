// SPDX-License-Identifier: GPL-3.0-or-later
// Nested functions of one name in two functions; a third comes before.
// also: gcc12-riscv64-Os-pic-whole-plain
// where: gcc
// expect: new before; new inner
#include "case.h"
#define WITH_INNER(name, number)                                                                             \
	void name(long start)                                                                                \
	{                                                                                                    \
		APART void inner(long value)                                                                 \
		{                                                                                            \
			use(value + start);                                                                  \
			use(number);                                                                         \
		}                                                                                            \
		inner(1);                                                                                    \
		inner(2);                                                                                    \
	}
#ifdef NEW
WITH_INNER(before, 5)
#endif
WITH_INNER(f, 6)
WITH_INNER(g, 7)
