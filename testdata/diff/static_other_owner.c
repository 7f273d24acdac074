// SPDX-License-Identifier: GPL-3.0-or-later
// `n` of one function goes, another function gets an `n`: not the same variable.
int next_number(void);

int loses(void)
{
#ifdef OLD
	static int n;

	return n += next_number();
#else
	return next_number();
#endif
}

int gains(void)
{
#ifdef NEW
	static int n;

	return n -= next_number();
#else
	return next_number() + 1;
#endif
}
