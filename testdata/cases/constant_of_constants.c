// SPDX-License-Identifier: GPL-3.0-or-later
// A constant points to another that changed: who reads the first gets to the second.
// expect: changed data inner; changed data outer; changed f; maybe refuse data-changed outer
// reason f: reads outer
#include "case.h"
struct inner {
	int value[3];
};
struct outer {
	const char *name;
	const struct inner *inner;
};
#ifdef NEW
#define VALUE 6
#else
#define VALUE 5
#endif
extern const struct inner inner;
extern const struct outer outer[2];
const struct inner inner = {{1, 2, VALUE}};
const struct outer outer[2] = {{"a", &inner}, {"b", 0}};
void f(unsigned which)
{
	use_pointer(outer[which].inner);
}
void g(void)
{
	use(5);
}
