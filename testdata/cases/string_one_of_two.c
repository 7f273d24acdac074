// SPDX-License-Identifier: GPL-3.0-or-later
// Two functions had one text; one of them says something else now.
// also: clang16-x86_64-O2-pie-sections-kasan
// expect: changed f
// reason f: "not found" "not there"
// quiet g: found
#include "case.h"
void f(void)
{
#ifdef NEW
	use_text("not there");
#else
	use_text("not found");
#endif
}
void g(void)
{
	use_text("not found");
}
