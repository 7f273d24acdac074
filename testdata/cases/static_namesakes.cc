// SPDX-License-Identifier: GPL-3.0-or-later
// Of two statics of one name in one function the second is called _ZZ1fvE5count_0. A new one in front of them moves all
// numbers on, and which is which nobody can tell from an object: no guess is made.
// also: clang16-aarch64-O3-pie-sections-plain
// expect: changed _Z1fv; new data _ZZ1fvE5count; new data _ZZ1fvE5count_0; new data _ZZ1fvE5count_1
// expect: removed data _ZZ1fvE5count; removed data _ZZ1fvE5count_0
// expect: refuse static-uncorrelated _ZZ1fvE5count; refuse static-uncorrelated _ZZ1fvE5count_0
#include "case.h"
long f()
{
#ifdef NEW
	if (get() == 9) {
		static long count;
		use(count += 2);
	}
#endif
	if (get()) {
		static long count;
		use(count += get());
	}
	static long count;
	return count -= get();
}
