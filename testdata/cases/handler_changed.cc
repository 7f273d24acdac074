// SPDX-License-Identifier: GPL-3.0-or-later
// What a handler does changed; functions with an exception table are not patched.
// where: !nounwind
// expect: changed _Z1fv; refuse exception-tables _Z1fv
#include "case.h"
#ifdef NEW
#define CODE 31
#else
#define CODE 30
#endif
void may_throw();
void f()
{
	try {
		may_throw();
	} catch (int value) {
		use(CODE + value);
	}
}
void g()
{
	may_throw();
	use(30);
}
