// SPDX-License-Identifier: GPL-3.0-or-later
// The same without a change of types: preambles stay with their functions.
// where: clang16 x86_64
// flags: -fsanitize=kcfi
// expect: maybe refuse no-function-sections
// expect: new before; maybe new __cfi_before
#include "case.h"
#ifdef NEW
void before(int value)
{
	use(value + 1);
}
#endif
void f(long value)
{
	use(value);
}
void g(void (*call)(long))
{
	call(3);
}
