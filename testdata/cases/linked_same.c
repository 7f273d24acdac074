// SPDX-License-Identifier: GPL-3.0-or-later
// `ld -r` of two files, one of which has a new function: the statics of the other are numbered and placed anew.
// build: link 2
// also: gcc12-x86_64-O2-pie-sections-ubsan
// expect: new added; new data added.count
#include "case.h"
#if PART == 1
#ifdef NEW
long added(void)
{
	static long count;
	use_text("added");
	return count += get();
}
#endif
long first(void)
{
	static long count;
	use_text("first");
	return count += 3;
}
#else
long second(void)
{
	static long count;
	use_text("second");
	return count += 5;
}
#endif
