// SPDX-License-Identifier: GPL-3.0-or-later
// Lines are added above: __LINE__ moves in `moved`. In `fixed` a number changes that is no line.
void report(const char *text, int line);
int sink(int);

#ifdef NEW
int added(void)
{
	return sink(1);
}
#line 90 // as if that had been long
#endif

void moved(int x)
{
	if (x)
		report("moved", __LINE__);
	sink(x);
	if (x > 5)
		report("again", __LINE__);
}

void fixed(int x)
{
#ifdef OLD
	report("fixed", 500);
#else
	report("fixed", 501);
#endif
	sink(x);
}
