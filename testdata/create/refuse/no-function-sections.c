// SPDX-License-Identifier: GPL-3.0-or-later
// Functions in one section cannot be taken apart. flags: -fno-function-sections
__attribute__((noinline)) int other(int x)
{
	return x * 7;
}

__attribute__((noinline)) int served(int x)
{
#ifdef NEW
	if (x > 10)
		return 3;
#endif
	return other(x) + 1;
}

int (*volatile entry)(int) = served;
int main(int argc, char **argv)
{
	(void)argv;
	for (;;)
		if (entry(argc) > 1000)
			return 0;
}
