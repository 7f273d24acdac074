// SPDX-License-Identifier: GPL-3.0-or-later
// A constructor would have to run.
static int ready;
#ifdef NEW
__attribute__((constructor)) static void prepare(void)
{
	ready = 1;
}
#endif

__attribute__((noinline)) int served(int x)
{
#ifdef NEW
	if (!ready)
		return 1;
#endif
	return x + ready;
}

int (*volatile entry)(int) = served;
int main(int argc, char **argv)
{
	(void)argv;
	for (;;)
		if (entry(argc) > 1000)
			return 0;
}
