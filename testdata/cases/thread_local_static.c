// SPDX-License-Identifier: GPL-3.0-or-later
// Thread-local statics of functions, renumbered.
// also: gcc12-x86_64-O1-pie-whole-ubsan
// expect: new before; new data before.calls; refuse tls-new
#include "case.h"
#ifdef NEW
long before(void)
{
	static __thread long calls;

	return calls -= get();
}
#endif
long f(void)
{
	static __thread long calls;

	return ++calls;
}
