// SPDX-License-Identifier: GPL-3.0-or-later
// mutex_init (Linux): a static __key whose address alone counts.
// expect: new before
#include "case.h"
#define INIT(lock)                                                                                           \
	do {                                                                                                 \
		static char __key[8];                                                                        \
		use_text(#lock);                                                                             \
		use_pointer(__key);                                                                          \
	} while (0)
#ifdef NEW
void before(void)
{
	INIT(before_lock);
}
#endif
void f(void)
{
	INIT(f_lock);
}
void g(void)
{
	INIT(g_lock);
}
