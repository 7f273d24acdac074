// SPDX-License-Identifier: GPL-3.0-or-later
// Two constants exchanged their places in the code: each lies where it lay in the pool.
// also: clang16-riscv64-O1-pie-whole-plain
// expect: changed f
#ifdef NEW
#define A 7.2503
#define B 1.2501
#else
#define A 1.2501
#define B 7.2503
#endif
double f(double value)
{
	return (value + A) * B;
}
