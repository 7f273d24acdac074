// SPDX-License-Identifier: GPL-3.0-or-later
// __UNIQUE_ID_ names (Linux, include/linux/compiler.h) count what came before in the file.
// expect: nothing
#include "case.h"
#define PASTE2(a, b)  a##b
#define PASTE(a, b)   PASTE2(a, b)
#define UNIQUE(name)  PASTE(__UNIQUE_ID_##name, __COUNTER__)
#define INFO(name, text) static const char UNIQUE(name)[] KEEP __attribute__((section(".modinfo"))) = #name "=" text
#ifdef NEW
enum { THREE = __COUNTER__ + __COUNTER__ + __COUNTER__ };
#endif
INFO(author, "one");
INFO(license, "GPL");
void f(void)
{
	use(1);
}
