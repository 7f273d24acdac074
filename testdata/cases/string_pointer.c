// SPDX-License-Identifier: GPL-3.0-or-later
// A variable that points to another text from the start: state.
// expect: changed data name; refuse data-changed name
#include "case.h"
#ifdef NEW
const char *name = "new name";
#else
const char *name = "old name";
#endif
void f(void)
{
	use_text(name);
}
