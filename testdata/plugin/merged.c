// SPDX-License-Identifier: GPL-3.0-or-later
// What GCC makes of functions: two that are alike become one, another gets a second name, and one goes by its address.
extern void use(int), call(int (*)(int));

static __attribute__((noinline)) int twice(int x)
{
	use(x);
	return x * 2 + 1;
}

static __attribute__((noinline)) int doubled(int x)
{
	use(x);
	return x * 2 + 1;
}

static __attribute__((noinline)) int taken(int x)
{
	use(x + 1);
#ifdef NEW
	use(40);
#endif
	return x;
}

int both(int x)
{
	return twice(x) ^ doubled(x + 3);
}

int other_name(int x) __attribute__((alias("both")));

void give(void)
{
	call(taken);
}
