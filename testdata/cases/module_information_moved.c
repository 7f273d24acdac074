// SPDX-License-Identifier: GPL-3.0-or-later
// MODULE_AUTHOR and MODULE_LICENSE (Linux) have a numbered name each; written in another order they say the same.
// expect: nothing
#include "kernel.h"
#define INFORMATION(name, text)                                                                              \
	static const char UNIQUE(name)[] KEEP __attribute__((section(".modinfo"))) = #name "=" text
#ifdef NEW
INFORMATION(license, "GPL");
INFORMATION(author, "somebody");
#else
INFORMATION(author, "somebody");
INFORMATION(license, "GPL");
#endif
void f(void)
{
	use(1);
}
