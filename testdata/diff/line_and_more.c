// SPDX-License-Identifier: GPL-3.0-or-later
// __LINE__ moves, and another constant of the same function changes: that is a change.
void report(const char *text, int line);
int sink(int);

#ifdef NEW
#line 90 // as if much had been added
#endif

void both(int x)
{
	report("both", __LINE__);
#ifdef OLD
	sink(1000);
#else
	sink(1001);
#endif
	(void)x;
}
