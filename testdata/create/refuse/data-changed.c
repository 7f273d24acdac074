// SPDX-License-Identifier: GPL-3.0-or-later
// The initial value of live data changes; a running program never looks at it again. symbol: limit
int limit =
#ifdef NEW
	20;
#else
	10;
#endif

__attribute__((noinline)) int served(int x)
{
#ifdef NEW
	x++;
#endif
	return x + limit++;
}

int (*volatile entry)(int) = served;
int main(int argc, char **argv)
{
	(void)argv;
	for (;;)
		if (entry(argc) > 1000)
			return 0;
}
