// SPDX-License-Identifier: GPL-3.0-or-later
// Clang's kCFI: a hash of the type stands before a function whose address is taken. The type of f changed.
// where: clang16 x86_64
// flags: -fsanitize=kcfi
// expect: refuse no-function-sections
// expect: changed f|__cfi_f; maybe changed __cfi_f; maybe new __cfi_f; maybe removed __cfi_f
#include "case.h"
#ifdef NEW
void f(long value, int unused)
#else
void f(long value)
#endif
{
	use(value);
}
void g(long value)
{
	use(value);
}
void (*h(void))(long)
{
	return g;
}
