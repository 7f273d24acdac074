// SPDX-License-Identifier: GPL-3.0-or-later
// Nothing but the debug information differs (a local type has another name).
// expect: nothing
#include "case.h"
#ifdef NEW
typedef long distance;
#else
typedef long length;
#define distance length
#endif
distance f(distance value)
{
	return value * get();
}
