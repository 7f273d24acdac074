// SPDX-License-Identifier: GPL-3.0-or-later
// A function changes because of what is inlined into it, and nothing but the source tells.
static inline int limit(int x)
{
#ifdef OLD
	return x < 10 ? x : 10;
#else
	return x < 20 ? x : 20;
#endif
}

int caller(int x)
{
	return 3 * limit(x) + 1;
}

int other(int x)
{
	return x + 1;
}
