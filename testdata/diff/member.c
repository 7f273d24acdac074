// SPDX-License-Identifier: GPL-3.0-or-later
// Another place in the same object is read.
extern struct { int a, b, c, d; } state;

int reader(void)
{
#ifdef OLD
	return state.b;
#else
	return state.c;
#endif
}
