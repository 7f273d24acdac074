// SPDX-License-Identifier: GPL-3.0-or-later
// __func__ in three functions; one more before them moves all numbers.
int print(const char *text);

#ifdef NEW
int added(int x)
{
	return print(__func__) + x;
}
#endif

int first(int x)
{
	return print(__func__) + x;
}

int second(int x)
{
	return print(__func__) - x;
}
