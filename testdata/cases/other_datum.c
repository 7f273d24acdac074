// SPDX-License-Identifier: GPL-3.0-or-later
// The same bytes, but another variable is read.
// expect: changed f
// reason f: second
extern long first, second;
#ifdef NEW
#define WHICH second
#else
#define WHICH first
#endif
long f(void)
{
	return WHICH;
}
long g(void)
{
	return first + second;
}
