// SPDX-License-Identifier: GPL-3.0-or-later
// The owner of a static changes; the static stays the same one, though another `n` comes before it.
int next_number(void);

#ifdef NEW
int added(void)
{
	static int n;

	return n ^= next_number();
}
#endif

int owner(void)
{
	static int n;

#ifdef NEW
	if (n > 100)
		n = 0;
#endif
	return n += next_number();
}
