// SPDX-License-Identifier: GPL-3.0-or-later
// The same call, resolved by the assembler, to another function of the section.
// expect: changed f
// reason f: other
#include "case.h"
static APART long first(long value)
{
	return value * get();
}
static APART long other(long value)
{
	return value - get();
}
#ifdef NEW
#define CALLED other
#else
#define CALLED first
#endif
long f(long value)
{
	return CALLED(value) + 1;
}
long g(long value)
{
	return first(value) + other(value);
}
