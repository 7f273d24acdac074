// SPDX-License-Identifier: GPL-3.0-or-later
// A function that catches changes.
int work(int);
int guarded(int x)
{
	try {
#ifdef OLD
		return work(x);
#else
		return work(x + 1);
#endif
	} catch (int) {
		return -1;
	}
}
