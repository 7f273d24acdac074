// SPDX-License-Identifier: GPL-3.0-or-later
// Constants of the floating-point pool: one is new before the others, one changes.
#ifdef NEW
double added(double x)
{
	return x * 1.25 + 17.5;
}
#endif

double kept(double x)
{
	return x * 2.5 + 1.5;
}

double changed(double x)
{
#ifdef OLD
	return x * 3.25;
#else
	return x * 3.75;
#endif
}
