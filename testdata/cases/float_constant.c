// SPDX-License-Identifier: GPL-3.0-or-later
// A floating-point constant lies in a pool without a name.
// also: clang16-riscv64-O2-nopie-sections-plain
// expect: changed f
#ifdef NEW
#define RATE 1.2502
#else
#define RATE 1.2501
#endif
double f(double value)
{
	return value * RATE;
}
double g(double value)
{
	return value * 1.2501;
}
