// SPDX-License-Identifier: GPL-3.0-or-later
// Two statics of one name in one function and a third between them: which is which cannot be told, and is not guessed.
// expect: changed f
// expect: maybe new data f.count; maybe removed data f.count; maybe refuse static-uncorrelated
#include "case.h"
void f(int which)
{
	if (which == 1) {
		static long count;
		use(count++);
	}
#ifdef NEW
	if (which == 2) {
		static long count;
		use(count--);
	}
#endif
	if (which == 3) {
		static long count;
		use(count += 5);
	}
}
