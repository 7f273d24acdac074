// SPDX-License-Identifier: GPL-3.0-or-later
// A switch that only chooses a number becomes a table (GCC: CSWTCH.N, Clang: switch.table.f). One number changed in f's.
// expect: changed f
// reason[gcc x86_64 O2] f: CSWTCH "c7 02" "c8 02"
#ifdef NEW
#define FOURTH 712
#else
#define FOURTH 711
#endif
int f(unsigned value)
{
	switch (value) {
	case 0: return 17;
	case 1: return 33;
	case 2: return 5;
	case 3: return FOURTH;
	case 4: return 81;
	case 5: return 4;
	case 6: return 900;
	default: return -1;
	}
}
int g(unsigned value)
{
	switch (value) {
	case 0: return 1;
	case 1: return 303;
	case 2: return 50;
	case 3: return 11;
	case 4: return 8;
	case 5: return 44;
	case 6: return 9;
	default: return -2;
	}
}
