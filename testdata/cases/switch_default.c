// SPDX-License-Identifier: GPL-3.0-or-later
// The default of a switch that is a table of numbers changed.
// expect: changed f
#ifdef NEW
#define OTHER 3000
#else
#define OTHER -1
#endif
int f(unsigned value)
{
	switch (value) {
	case 0: return 17;
	case 1: return 33;
	case 2: return 5;
	case 3: return 712;
	case 4: return 81;
	case 5: return 4;
	case 6: return 900;
	default: return OTHER;
	}
}
