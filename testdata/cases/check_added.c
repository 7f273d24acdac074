// SPDX-License-Identifier: GPL-3.0-or-later
// A missing check, the commonest fix of all.
// expect: changed f
// reason[x86_64] f: 4096
#include "case.h"
long f(long length)
{
#ifdef NEW
	if (length > 4096)
		return -1;
#endif
	use(length);
	return 0;
}
long g(long length)
{
	use(length);
	return 0;
}
