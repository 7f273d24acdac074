// SPDX-License-Identifier: GPL-3.0-or-later
// One half of an object linked with `ld -r`: the other has a static function and a static variable of the same names.
int sink(int);
static int state;
static __attribute__((noinline)) int helper(int x)
{
	return state += sink(x);
}
int use_a(int x)
{
	return helper(x) + helper(x + 1);
}
