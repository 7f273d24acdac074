// SPDX-License-Identifier: GPL-3.0-or-later
// Both lambdas of a function changed, and the function too: nobody can tell which is which, and pointers to the old ones
// may live on.
// expect: changed _Z1fl
// expect[gcc]: new _ZZ1flENUllE_4_FUNEl; new _ZZ1flENUllE0_4_FUNEl; maybe new _ZZ1flENKUllE_clEl; maybe new _ZZ1flENKUllE0_clEl
// expect[gcc]: removed _ZZ1flENUllE_4_FUNEl; removed _ZZ1flENUllE0_4_FUNEl; maybe removed _ZZ1flENKUllE_clEl; maybe removed _ZZ1flENKUllE0_clEl
// expect[gcc]: refuse static-uncorrelated _ZZ1flENUllE_4_FUNEl; refuse static-uncorrelated _ZZ1flENUllE0_4_FUNEl
// expect[gcc]: maybe new _ZZ1flENKUllE_cvPFllEEv; maybe new _ZZ1flENKUllE0_cvPFllEEv; maybe removed _ZZ1flENKUllE_cvPFllEEv; maybe removed _ZZ1flENKUllE0_cvPFllEEv
// expect[clang]: new _ZZ1flEN3$_08__invokeEl; new _ZZ1flEN3$_18__invokeEl; maybe new _ZZ1flENK3$_0clEl; maybe new _ZZ1flENK3$_1clEl
// expect[clang]: removed _ZZ1flEN3$_08__invokeEl; removed _ZZ1flEN3$_18__invokeEl; maybe removed _ZZ1flENK3$_0clEl; maybe removed _ZZ1flENK3$_1clEl
// expect[clang]: refuse static-uncorrelated _ZZ1flEN3$_08__invokeEl; refuse static-uncorrelated _ZZ1flEN3$_18__invokeEl
// expect[clang]: maybe new _ZZ1flENK3$_0cvPFllEEv; maybe new _ZZ1flENK3$_1cvPFllEEv; maybe removed _ZZ1flENK3$_0cvPFllEEv; maybe removed _ZZ1flENK3$_1cvPFllEEv
#include "case.h"
typedef long function(long);
APART void call(function *f) { use(f(get())); }
#ifdef NEW
#define STEP 31
#else
#define STEP 30
#endif
long f(long value)
{
	call([](long x) { return x * get() + STEP; });
	call([](long x) { return get() - x * (STEP - 7); });
	return value * STEP;
}
