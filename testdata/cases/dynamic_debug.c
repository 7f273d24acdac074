// SPDX-License-Identifier: GPL-3.0-or-later
// pr_debug (Linux): a descriptor with the line number of its place. Lines moved; descriptors belong to one build.
// expect: nothing
#include "case.h"
struct descriptor_type {
	const char *function, *format;
	unsigned line, flags;
};
#ifdef NEW
#line 90
#endif
#define DEBUG(text)                                                                                          \
	do {                                                                                                 \
		static struct descriptor_type descriptor __attribute__((section("__dyndbg"))) = {            \
			__func__, text, __LINE__, 0};                                                        \
		if (descriptor.flags)                                                                        \
			use_pointer(&descriptor);                                                            \
	} while (0)
void f(void)
{
	DEBUG("f");
}
void g(void)
{
	DEBUG("g");
}
