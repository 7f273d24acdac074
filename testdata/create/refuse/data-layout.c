// SPDX-License-Identifier: GPL-3.0-or-later
// A field moves in live data whose size stays the same. says: struct state
struct state {
	char flag;
#ifdef NEW
	char second;
	short other;
	int count;
#else
	short other;
	int count;
	char second;
#endif
	long sum;
} state;

__attribute__((noinline)) int served(int x)
{
	state.count += x;
	state.second++;
	return state.count + state.other + (int)state.sum++;
}

int (*volatile entry)(int) = served;
int main(int argc, char **argv)
{
	(void)argv;
	for (;;)
		if (entry(argc) > 1000)
			return 0;
}
