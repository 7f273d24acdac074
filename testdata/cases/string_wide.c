// SPDX-License-Identifier: GPL-3.0-or-later
// A wide string was edited.
// expect: changed f
#include "case.h"
void f(void)
{
#ifdef NEW
	use_pointer(L"wide text!");
#else
	use_pointer(L"wide text?");
#endif
}
void g(void)
{
	use_pointer(L"other text");
}
