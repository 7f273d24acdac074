// SPDX-License-Identifier: GPL-3.0-or-later
// The resolver of an indirect function ran already.
static int fast(int x)
{
	return x * 2;
}

static int slow(int x)
{
	return x + x + 0 * x;
}

static int level = 4;

__attribute__((noinline)) static int (*resolve(void))(int)
{
#ifdef NEW
	if (level > 9)
		return slow;
#endif
	return level > 3 ? fast : slow;
}

int choose(int x) __attribute__((ifunc("resolve")));
int again(int x);
#ifdef NEW
static int (*resolve_again(void))(int)
{
	return fast;
}
int again(int x) __attribute__((ifunc("resolve_again")));
#else
int again(int x)
{
	return x - level++;
}
#endif

__attribute__((noinline)) int served(int x)
{
#ifdef NEW
	x += again(x);
#endif
	return choose(x);
}

int (*volatile entry)(int) = served;
int main(int argc, char **argv)
{
	(void)argv;
	for (;;)
		if (entry(argc) > 1000)
			return 0;
}
