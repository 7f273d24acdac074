// SPDX-License-Identifier: GPL-3.0-or-later
// A table of labels: two of them were exchanged.
// where: !s390x
// The sanitizer checks where the table is read, and what the jump takes is no longer known to come from it.
// expect[ubsan]: maybe refuse data-changed labels|f.labels
// expect[kasan]: maybe refuse data-changed labels|f.labels
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
