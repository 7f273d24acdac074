// SPDX-License-Identifier: GPL-3.0-or-later
// The other half; its helper changes.
int sink(int);
static int state;
static __attribute__((noinline)) int helper(int x)
{
#ifdef OLD
	return state -= sink(x);
#else
	return state -= sink(x + 5);
#endif
}
int use_b(int x)
{
	return helper(x) - helper(x + 1);
}
