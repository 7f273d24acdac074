// SPDX-License-Identifier: GPL-3.0-or-later
// Live data grows.
#ifdef OLD
int history[4] = {1};
#else
int history[8] = {1};
#endif
int get(int i)
{
	return history[i & 3];
}
