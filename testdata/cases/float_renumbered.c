// SPDX-License-Identifier: GPL-3.0-or-later
// A new function with a constant of its own comes before: .LC0 is .LC1 now.
// expect: new before
#ifdef NEW
double before(double value)
{
	return value / 33.37;
}
#endif
double f(double value)
{
	return value * 1.2501;
}
float g(float value)
{
	return value * 7.2503f;
}
