// SPDX-License-Identifier: GPL-3.0-or-later
// A new function with a jump table of its own comes before.
// expect: new before
#include "case.h"
void one(void), two(void), three(void), four(void), five(void), six(void);
#define SWITCH(a, b, c, d, e, f)                                                                             \
	switch (value) {                                                                                     \
	case 1:                                                                                              \
		a();                                                                                         \
		break;                                                                                       \
	case 2:                                                                                              \
		b();                                                                                         \
		break;                                                                                       \
	case 3:                                                                                              \
		c();                                                                                         \
		break;                                                                                       \
	case 4:                                                                                              \
		d();                                                                                         \
		break;                                                                                       \
	case 5:                                                                                              \
		e();                                                                                         \
		break;                                                                                       \
	case 6:                                                                                              \
		f();                                                                                         \
		break;                                                                                       \
	}
#ifdef NEW
void before(unsigned value)
{
	SWITCH(six, five, four, three, two, one)
}
#endif
void f(unsigned value)
{
	SWITCH(one, two, three, four, five, six)
}
void g(unsigned value)
{
	SWITCH(two, two, one, four, five, six)
}
