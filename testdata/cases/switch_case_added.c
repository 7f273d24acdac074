// SPDX-License-Identifier: GPL-3.0-or-later
// One more case.
// expect: changed f
#include "case.h"
void one(void), two(void), three(void), four(void), five(void), six(void);
void f(unsigned value)
{
	switch (value) {
	case 1:
		one();
		break;
	case 2:
		two();
		break;
	case 3:
		three();
		break;
	case 4:
		four();
		break;
	case 5:
		five();
		break;
#ifdef NEW
	case 6:
		six();
		break;
#endif
	}
}
