// SPDX-License-Identifier: GPL-3.0-or-later
// What was an alias becomes a function of its own.
int sink(int);
int main_name(int x)
{
	return sink(x);
}
#ifdef OLD
int other_name(int) __attribute__((alias("main_name")));
#else
int other_name(int x)
{
	return sink(x + 5);
}
#endif
