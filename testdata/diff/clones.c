// SPDX-License-Identifier: GPL-3.0-or-later
// Constant-propagated clones: numbers move because one more function before them has a clone, too.
int sink(int);

#ifdef NEW
static __attribute__((noinline)) int other(int mode, int x)
{
	return mode == 3 ? sink(x) + 3 : sink(x + mode);
}
int use_other(int x)
{
	return other(3, x) + other(3, x + 1);
}
#endif

static __attribute__((noinline)) int work(int mode, int x)
{
	int sum = 0;

	for (int i = 0; i < x; i++)
		sum += mode == 1 ? sink(i) : mode == 2 ? sink(i * 2) + 5 : sink(-i);
	return sum;
}

int use_one(int x)
{
	return work(1, x) + work(1, x + 3);
}

int use_two(int x)
{
	return work(2, x) - work(2, x + 3);
}
