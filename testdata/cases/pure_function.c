// SPDX-License-Identifier: GPL-3.0-or-later
// A function was declared pure: two calls become one.
// expect[!O0]: changed f
#include "case.h"
#ifdef NEW
long measure(const char *text) __attribute__((pure));
#else
long measure(const char *text);
#endif
long f(const char *text)
{
	return measure(text) + measure(text) * 3;
}
