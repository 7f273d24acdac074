// SPDX-License-Identifier: GPL-3.0-or-later
// Threads that run have no room for a new thread-local variable.
#ifdef NEW
static __thread int rounds;
#endif

__attribute__((noinline)) int served(int x)
{
#ifdef NEW
	rounds += x;
	return rounds;
#else
	return x + 9;
#endif
}

int (*volatile entry)(int) = served;
int main(int argc, char **argv)
{
	(void)argv;
	for (;;)
		if (entry(argc) > 1000)
			return 0;
}
