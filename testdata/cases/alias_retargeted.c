// SPDX-License-Identifier: GPL-3.0-or-later
// An alias names another function now: the functions keep their code, but not who is called by the name.
// expect: changed one; changed two|alias; refuse symbol-ambiguous two|alias
// reason one: attribute alias
// reason two|alias: attribute alias
#include "case.h"
#ifdef NEW
#define WHICH "two"
#else
#define WHICH "one"
#endif
void one(void)
{
	use(1);
}
void two(void)
{
	use(2);
}
void alias(void) __attribute__((alias(WHICH)));
