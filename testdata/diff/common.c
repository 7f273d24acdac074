// SPDX-License-Identifier: GPL-3.0-or-later
// A tentative definition grows. Without -fcommon it is data like other data.
#ifdef OLD
int history[4];
#else
int history[8];
#endif
int get(int i)
{
	return history[i & 3];
}
