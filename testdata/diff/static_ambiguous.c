// SPDX-License-Identifier: GPL-3.0-or-later
// A function with two statics of one name changes so much that nobody can say which is which.
int next_number(void);

int owner(int which)
{
	int sum = next_number();

	if (which) {
		static int n;

		sum += n += sum;
#ifdef NEW
		sum ^= next_number();
#endif
	}
	{
		static int n;

		sum -= n -= sum;
	}
#ifdef NEW
	sum *= next_number();
#endif
	return sum;
}
