// SPDX-License-Identifier: GPL-3.0-or-later
// KASAN's descriptions of variables (.LASAN*) move when a variable is added before; functions are the same.
// where: x86_64 aarch64 g gcc
// flags: -fsanitize=kernel-address --param asan-globals=1
// expect: changed f
// reason f: 3 4
#include "case.h"
#ifdef NEW
#define STEP 4
#else
#define STEP 3
#endif
static int table[10];
void f(int which)
{
	table[which] += STEP;
}
void g(void)
{
	use_pointer(table);
}
