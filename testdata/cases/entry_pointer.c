// SPDX-License-Identifier: GPL-3.0-or-later
// printk (Linux with CONFIG_PRINTK_INDEX): _entry and _entry_ptr describe a message with the line of its place.
// where: x86_64 aarch64 s390x
// expect: nothing
#include "case.h"
struct printk_index {
	const char *format, *function, *file;
	unsigned line;
};
#ifdef NEW
#line 90
#endif
#define PRINT(format)                                                                                        \
	do {                                                                                                 \
		static struct printk_index _entry = {format, __func__, "case.c", __LINE__};                  \
		static struct printk_index *_entry_ptr KEEP __attribute__((section(".printk_index"))) = &_entry; \
		use_text(format);                                                                            \
	} while (0)
void f(void)
{
	PRINT("one");
	PRINT("two");
}
void g(void)
{
	PRINT("three");
}
