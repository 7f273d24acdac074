// SPDX-License-Identifier: GPL-3.0-or-later
// Another type is caught: the code is the same, the exception table says so.
// also: clang14-riscv64-O2-pic-sections-plain
// where: !nounwind
// expect: changed _Z1fv; refuse exception-tables _Z1fv
#include "case.h"
#ifdef NEW
typedef long caught;
#else
typedef int caught;
#endif
void may_throw();
void f()
{
	try {
		may_throw();
	} catch (caught) {
		use_text("caught");
	}
}
