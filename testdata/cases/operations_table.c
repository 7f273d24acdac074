// SPDX-License-Identifier: GPL-3.0-or-later
// A table of functions that may be written to is state: another entry is another initial value.
// expect: changed data operations; refuse data-changed operations
// reason operations: two
#include "case.h"
void one(void), two(void);
struct operations {
	void (*open)(void), (*close)(void);
};
#ifdef NEW
struct operations operations = {one, two};
#else
struct operations operations = {one, one};
#endif
void f(void)
{
	operations.open();
}
