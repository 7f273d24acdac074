// SPDX-License-Identifier: GPL-3.0-or-later
// Common symbols (-fcommon) have no section in the object; one grew.
// flags: -fcommon
// A symbol without a section is no datum of the object: the refusal names it.
// expect: changed f; refuse data-layout shared
#include "case.h"
#ifdef NEW
#define SIZE 16
#else
#define SIZE 8
#endif
char shared[SIZE];
long other;
void f(void)
{
	use_pointer(shared);
	use(sizeof(shared) + other);
}
