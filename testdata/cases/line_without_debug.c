// SPDX-License-Identifier: GPL-3.0-or-later
// Without a line table nobody can tell that the number is a line: a change, which is harmless.
// where: nog
// expect: changed f
#include "case.h"
#ifdef NEW
#line 40
#else
#line 20
#endif
void f(void)
{
	use_line("text", __LINE__);
}
