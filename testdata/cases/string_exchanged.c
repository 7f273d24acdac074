// SPDX-License-Identifier: GPL-3.0-or-later
// Two calls exchanged their texts: each instruction is as before, and each means another string.
// expect: changed f
#include "case.h"
#ifdef NEW
#define A "second"
#define B "first"
#else
#define A "first"
#define B "second"
#endif
void f(void)
{
	use_text(A);
	use(1);
	use_text(B);
}
