// SPDX-License-Identifier: GPL-3.0-or-later
// A constant table of functions: two exchange their places.
int sink(int);
static int add(int x) { return sink(x + 1); }
static int sub(int x) { return sink(x - 1); }
static int (*const operations[])(int) = {
#ifdef OLD
	add, sub
#else
	sub, add
#endif
};
int run(int i, int x)
{
	return operations[i & 1](x);
}
int unconcerned(int x)
{
	return add(x) ^ sub(x);
}
