// SPDX-License-Identifier: GPL-3.0-or-later
// A flag became volatile: with optimisation it is read twice, without it always was.
// also: clang16-x86_64-O1-pie-whole-nog
// expect[!O0]: changed f
#include "case.h"
#ifdef NEW
extern volatile int flag;
#else
extern int flag;
#endif
int f(void)
{
	int first = flag;
	int second = flag;

	return first == second;
}
