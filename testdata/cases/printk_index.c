// SPDX-License-Identifier: GPL-3.0-or-later
// printk() with CONFIG_PRINTK_INDEX (Linux): each call describes itself, line and all, in a table that only a file of debugfs
// shows. Lines moved, and a call more in f numbers those of g anew: that is no change of g.
// expect: changed f
#include "case.h"
struct pi_entry {
	const char *fmt, *func, *file;
	unsigned line;
	const char *level, *subsys_fmt_prefix;
};
#define PRINTK(text)                                                                                                        \
	do {                                                                                                                \
		static const struct pi_entry _entry KEEP = {text, __func__, __FILE__, __LINE__, 0, 0};                      \
		static const struct pi_entry *_entry_ptr KEEP __attribute__((section(".printk_index"))) = &_entry; \
		use_text(text);                                                                                             \
	} while (0)
#ifdef NEW
#line 100
#endif
void f(void)
{
#ifdef NEW
	PRINTK("more");
#endif
	PRINTK("f");
}
void g(void)
{
	PRINTK("start");
	PRINTK("end");
}
