// SPDX-License-Identifier: GPL-3.0-or-later
// A shift by another number of bits.
// expect: changed f
unsigned long f(unsigned long value)
{
#ifdef NEW
	return value >> 5;
#else
	return value >> 4;
#endif
}
unsigned long g(unsigned long value)
{
	return value >> 4;
}
