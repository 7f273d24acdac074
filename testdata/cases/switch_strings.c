// SPDX-License-Identifier: GPL-3.0-or-later
// A switch that chooses a text becomes a table of pointers; one text changed.
// expect: changed f; maybe changed data switch.table.f
#ifdef NEW
#define THREE "three"
#else
#define THREE "threee"
#endif
const char *f(unsigned value)
{
	switch (value) {
	case 0: return "zero";
	case 1: return "one";
	case 2: return "two";
	case 3: return THREE;
	case 4: return "four";
	case 5: return "five";
	default: return "many";
	}
}
const char *g(unsigned value)
{
	switch (value) {
	case 0: return "a";
	case 1: return "b";
	case 2: return "c";
	case 3: return "d";
	case 4: return "e";
	case 5: return "f";
	default: return "z";
	}
}
