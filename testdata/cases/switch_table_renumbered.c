// SPDX-License-Identifier: GPL-3.0-or-later
// A new function with a table of its own comes first: the others' CSWTCH.N are renumbered and the same.
// expect: new before
#ifdef NEW
int before(unsigned value)
{
	switch (value) {
	case 0: return 7;
	case 1: return 373;
	case 2: return 55;
	case 3: return 71;
	case 4: return 81;
	case 5: return 4;
	case 6: return 901;
	default: return -1;
	}
}
#endif
int f(unsigned value)
{
	switch (value) {
	case 0: return 17;
	case 1: return 33;
	case 2: return 5;
	case 3: return 711;
	case 4: return 81;
	case 5: return 4;
	case 6: return 900;
	default: return -1;
	}
}
