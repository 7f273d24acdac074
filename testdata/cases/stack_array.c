// SPDX-License-Identifier: GPL-3.0-or-later
// An array on the stack is larger: the frame, and with a stack protector its guard, are elsewhere.
// expect: changed f
#include "case.h"
#ifdef NEW
#define SIZE 200
#else
#define SIZE 100
#endif
void fill(char *buffer);
void f(void)
{
	char buffer[SIZE];

	fill(buffer);
}
void g(void)
{
	char buffer[100];

	fill(buffer);
}
