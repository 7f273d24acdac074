// SPDX-License-Identifier: GPL-3.0-or-later
// The initial value of live data changes.
#ifdef OLD
int limit = 10;
#else
int limit = 20;
#endif
int kept = 7;
int get(void)
{
	return limit + kept;
}
