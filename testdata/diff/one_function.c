// SPDX-License-Identifier: GPL-3.0-or-later
// One condition changes in one of three functions.
int kept_before(int x)
{
	return x * 3;
}

int fixed(int x)
{
#ifdef NEW
	if (x < 0)
		return -1;
#endif
	return x + 7;
}

int kept_behind(int x)
{
	return x / 5;
}
