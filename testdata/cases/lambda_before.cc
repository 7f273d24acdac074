// SPDX-License-Identifier: GPL-3.0-or-later
// A lambda in front of two others takes their numbers; they stay what they were, and so does who holds pointers to them.
// also: gcc12-x86_64-O2-pie-sections-ubsan
// expect: changed _Z1fl
// expect[gcc]: new _ZZ1flENUllE_4_FUNEl; maybe new _ZZ1flENKUllE_clEl; maybe new _ZZ1flENKUllE_cvPFllEEv
// expect[clang]: new _ZZ1flEN3$_08__invokeEl; maybe new _ZZ1flENK3$_0clEl; maybe new _ZZ1flENK3$_0cvPFllEEv
#include "case.h"
typedef long function(long);
APART void call(function *f) { use(f(get())); }
long f(long value)
{
#ifdef NEW
	call([](long x) { return x * get() + 77; });
#endif
	call([](long x) { return x * get() + 30; });
	call([](long x) { return get() - x * 31; });
	return value;
}
