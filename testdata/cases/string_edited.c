// SPDX-License-Identifier: GPL-3.0-or-later
// A message was corrected.
// expect: changed f
// reason f: "messgae" "message"
#include "case.h"
void f(void)
{
#ifdef NEW
	use_text("a message");
#else
	use_text("a messgae");
#endif
}
void g(void)
{
	use_text("another text");
}
