// SPDX-License-Identifier: GPL-3.0-or-later
// The same bytes, but the call goes elsewhere.
// expect: changed f
// reason f: get_two
long get_one(void), get_two(void);
#ifdef NEW
#define GET get_two
#else
#define GET get_one
#endif
long f(void)
{
	return GET() + 1;
}
long g(void)
{
	return get_one() + 2;
}
