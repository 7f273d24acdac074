// SPDX-License-Identifier: GPL-3.0-or-later
// Linked twice, with NAME one and two: the same code, statics of the same names, two images of one source.
static long calls;

static __attribute__((noinline)) long step(long value)
{
	calls += value;
	return calls * 3;
}

#define JOIN(a, b)  a##b
#define NAMED(a, b) JOIN(a, b)
long NAMED(run_, NAME)(long value)
{
	return step(value) + step(value + 1);
}
