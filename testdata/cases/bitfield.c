// SPDX-License-Identifier: GPL-3.0-or-later
// A bit field is one bit wider and moves its neighbour.
// expect: changed second; changed first
// expect[g]: maybe refuse data-layout flags
#include "case.h"
#ifdef NEW
#define WIDTH 4
#else
#define WIDTH 3
#endif
struct flags {
	unsigned first : WIDTH, second : 6;
	unsigned long other;
};
unsigned first(struct flags *flags)
{
	return flags->first;
}
unsigned second(struct flags *flags)
{
	return flags->second;
}
unsigned long other(struct flags *flags)
{
	return flags->other;
}
