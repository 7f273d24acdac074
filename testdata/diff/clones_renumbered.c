// SPDX-License-Identifier: GPL-3.0-or-later
// The users of two clones of `work` exchange their places, and with them the clones' numbers; what they do is the same.
int sink(int);

static __attribute__((noinline)) int work(int mode, int x)
{
	int sum = 0;

	for (int i = 0; i < x; i++)
		sum += mode == 1 ? sink(i) : mode == 2 ? sink(i * 2) + 5 : sink(-i);
	return sum;
}

#define USE_ONE                                                                                              \
	int use_one(int x)                                                                                   \
	{                                                                                                    \
		return work(1, x) + work(1, x + 3);                                                          \
	}
#define USE_TWO                                                                                              \
	int use_two(int x)                                                                                   \
	{                                                                                                    \
		return work(2, x) - work(2, x + 3);                                                          \
	}

#ifdef OLD
USE_ONE
USE_TWO
#else
USE_TWO
USE_ONE
#endif
