// SPDX-License-Identifier: GPL-3.0-or-later
// A buffer grew: the live one is too small.
// expect: changed data buffer; changed f; refuse data-layout buffer
// reason f: 64 128
#include "case.h"
#ifdef NEW
#define SIZE 128
#else
#define SIZE 64
#endif
char buffer[SIZE];
void f(void)
{
	use_pointer(buffer);
	use(sizeof(buffer));
}
char *g(void)
{
	return buffer;
}
