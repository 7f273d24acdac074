// SPDX-License-Identifier: GPL-3.0-or-later
// The initial value of an array on the stack is copied from a constant without a name.
// also: clang16-riscv64-O3-pie-sections-plain
// Clang leaves the array behind, which nothing refers to; what it is cannot be told where data share a section.
// expect[clang riscv64 whole]: maybe refuse section-unsupported
// expect: changed f
#include "case.h"
#ifdef NEW
#define FIFTH 51
#else
#define FIFTH 50
#endif
void f(void)
{
	int table[] = {10, 20, 30, 40, FIFTH, 60, 70, 80, 90, 100, 110, 120};

	use_pointer(table);
}
void g(void)
{
	int table[] = {10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 120};

	use_pointer(table);
}
