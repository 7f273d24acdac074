// SPDX-License-Identifier: GPL-3.0-or-later
// Two cases of a dense switch do each other's work now: the jump table or the code behind it says so.
// expect: changed f
#include "case.h"
void one(void), two(void), three(void), four(void), five(void), six(void);
#ifdef NEW
#define SECOND 3
#define THIRD  2
#else
#define SECOND 2
#define THIRD  3
#endif
void f(unsigned value)
{
	switch (value) {
	case 1:
		one();
		break;
	case SECOND:
		two();
		break;
	case THIRD:
		three();
		break;
	case 4:
		four();
		break;
	case 5:
		five();
		break;
	case 6:
		six();
		break;
	}
}
void g(unsigned value)
{
	switch (value) {
	case 1:
		six();
		break;
	case 2:
		five();
		break;
	case 3:
		four();
		break;
	case 4:
		three();
		break;
	case 5:
		two();
		break;
	case 6:
		one();
		break;
	}
}
