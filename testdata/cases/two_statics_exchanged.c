// SPDX-License-Identifier: GPL-3.0-or-later
// f uses the file's other static variable: the same code but for what it refers to.
// expect: changed f
// reason f: second
#include "case.h"
static long first, second;
long sum(void)
{
	return first ^ second;
}
#ifdef NEW
#define WHICH second
#else
#define WHICH first
#endif
void f(void)
{
	WHICH += get();
}
void g(void)
{
	first -= get();
	second ^= get();
}
