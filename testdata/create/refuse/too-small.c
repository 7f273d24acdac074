// SPDX-License-Identifier: GPL-3.0-or-later
// No room for the jump, and what follows is no proven padding: the last function of its kind. symbol: served
__attribute__((noinline)) int served(int x);
extern int (*volatile entry)(int);

int main(int argc, char **argv)
{
	(void)argv;
	for (;;)
		if (entry(argc) > 1000)
			return 0;
}

__attribute__((noinline)) int served(int x)
{
#ifdef NEW
	return x * 3 + 1;
#else
	return x;
#endif
}
int (*volatile entry)(int) = served;
