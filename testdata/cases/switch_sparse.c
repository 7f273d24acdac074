// SPDX-License-Identifier: GPL-3.0-or-later
// Values far apart become comparisons; one of them changed.
// expect: changed f
// reason[x86_64] f: 70000 70001
#include "case.h"
#ifdef NEW
#define LARGE 70001
#else
#define LARGE 70000
#endif
void f(long value)
{
	switch (value) {
	case 3:
		use(30);
		break;
	case 500:
		use(5);
		break;
	case LARGE:
		use(7);
		break;
	}
}
