// SPDX-License-Identifier: GPL-3.0-or-later
// A function gets two statics of one name.
__attribute__((noinline)) int served(int x)
{
#ifdef NEW
	if (x & 1) {
		static int count;

		return count++;
	} else {
		static int count;

		return 100 * count++;
	}
#endif
	return x + 1;
}
int (*volatile entry)(int) = served;
int main(int argc, char **argv)
{
	(void)argv;
	for (;;)
		if (entry(argc) > 1000)
			return 0;
}
