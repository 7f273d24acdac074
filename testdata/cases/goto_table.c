// SPDX-License-Identifier: GPL-3.0-or-later
// A table of labels: two of them were exchanged.
// where: !s390x
// expect: changed f; maybe changed data f.labels
#include "case.h"
#ifdef NEW
#define TABLE &&two, &&one, &&three
#else
#define TABLE &&one, &&two, &&three
#endif
void f(const unsigned char *code)
{
	static const void *const labels[] = {TABLE};

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
