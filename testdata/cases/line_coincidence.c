// SPDX-License-Identifier: GPL-3.0-or-later
// The number is not __LINE__ but happens to be the line in the old build only: a change.
// where: g
// expect: changed f
#include "case.h"
#ifdef NEW
#define NUMBER 33
#line 200
#else
#define NUMBER 103
#line 100
#endif
void f(void)
{

	use_line("number", NUMBER);
}
