// SPDX-License-Identifier: GPL-3.0-or-later
// A table of labels stays what it is when another function comes before.
// expect: new before
#include "case.h"
#ifdef NEW
void before(void)
{
	use_text("before");
}
#endif
void f(const unsigned char *code)
{
	static const void *const labels[] = {&&one, &&two, &&three};

	goto *labels[*code++];
one:
	use(1);
	goto *labels[*code++];
two:
	use_text("two");
	goto *labels[*code++];
three:
	return;
}
