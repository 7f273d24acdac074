// SPDX-License-Identifier: GPL-3.0-or-later
// A text grew over the size from which GCC aligns strings, into another section (.rodata.str1.8): only its user changed.
// expect: changed f
#include "case.h"
void f(void)
{
#ifdef NEW
	use_text("this text is much longer than it was before the change was made, by some words");
#else
	use_text("this text is short");
#endif
}
void g(void)
{
	use_text("this text is long as well, but it is as long as it has always been, to the letter");
}
