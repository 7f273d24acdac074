// SPDX-License-Identifier: GPL-3.0-or-later
// One function with three names changes: one change.
int sink(int);
int main_name(int x)
{
#ifdef OLD
	return sink(x);
#else
	return sink(x + 1);
#endif
}
int other_name(int) __attribute__((alias("main_name")));
int weak_name(int) __attribute__((weak, alias("main_name")));
