// SPDX-License-Identifier: GPL-3.0-or-later
// Clang makes a table of 32-bit distances of a constant table of texts (reltable.f); a text that keeps its length changed.
// where: clang O1 O2 O3 Os
// expect: changed f; maybe changed data names
#include "case.h"
#ifdef NEW
#define THIRD "blue-"
#else
#define THIRD "glue-"
#endif
static const char *const names[] = {"reddd", "green", THIRD, "white", "black", "brown", "grey."};
const char *f(unsigned which)
{
	return names[which & 7];
}
void g(void)
{
	use_text("glue-");
}
