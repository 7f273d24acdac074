// SPDX-License-Identifier: GPL-3.0-or-later
// Another function is called: equal bytes, another target.
int one(int), two(int);

int caller(int x)
{
#ifdef OLD
	return one(x) + 1;
#else
	return two(x) + 1;
#endif
}
