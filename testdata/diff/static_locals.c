// SPDX-License-Identifier: GPL-3.0-or-later
// Two functions with a static `n` each. The new build has one more before them, so that all numbers move.
int next_number(void);

#ifdef NEW
int added(void)
{
	static int n = 9;

	return n += next_number();
}
#endif

int first(void)
{
	static int n = 1;

	return n += next_number();
}

int second(void)
{
	static int n = 1;

	return n += next_number();
}
