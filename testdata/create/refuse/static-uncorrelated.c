// SPDX-License-Identifier: GPL-3.0-or-later
// Two statics of one name, one type and one function: nothing says which new one continues which old one.
__attribute__((noinline)) int served(int x)
{
	if (x > 3) {
		static int count = 1;
#ifdef NEW
		static int more = 1;

		more += x * 5;
		return (count *= x) + more;
#else
		return count += x;
#endif
	} else {
		static int count = 1;

		return count += x;
	}
}

int (*volatile entry)(int) = served;
int main(int argc, char **argv)
{
	(void)argv;
	for (;;)
		if (entry(argc) > 1000)
			return 0;
}
