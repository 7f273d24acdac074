// SPDX-License-Identifier: GPL-3.0-or-later
// Pieces that the preprocessor puts together; a version in the middle changed.
// expect: changed f
// reason f: "tool 1.2 ready" "tool 1.3 ready"
#include "case.h"
#ifdef NEW
#define VERSION "1.3"
#else
#define VERSION "1.2"
#endif
void f(void)
{
	use_text("tool " VERSION " ready");
}
