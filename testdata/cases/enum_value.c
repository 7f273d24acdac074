// SPDX-License-Identifier: GPL-3.0-or-later
// A member was added before the one that f uses; g uses one that stayed.
// expect: changed f
// reason f: immediate old=1 new=2
#include "case.h"
enum kind {
	FIRST,
#ifdef NEW
	INSERTED,
#endif
	SECOND
};
void f(void)
{
	use(SECOND);
}
void g(void)
{
	use(FIRST);
}
