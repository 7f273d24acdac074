// SPDX-License-Identifier: GPL-3.0-or-later
// The resolver of an indirect function changes.
static int fast(int x)
{
	return x * 2;
}
static int slow(int x)
{
	return x + x;
}
int features(void);
static void *choose(void)
{
#ifdef OLD
	return features() ? (void *)fast : (void *)slow;
#else
	return features() > 1 ? (void *)fast : (void *)slow;
#endif
}
int twice(int) __attribute__((ifunc("choose")));
int use(int x)
{
	return twice(x);
}
