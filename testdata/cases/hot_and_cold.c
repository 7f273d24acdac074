// SPDX-License-Identifier: GPL-3.0-or-later
// Functions in .text.hot, .text.unlikely and .text.startup: one of each kind changed where its number did.
// expect: changed rare
// reason rare: 30 31
#include "case.h"
#ifdef NEW
#define VALUE 31
#else
#define VALUE 30
#endif
__attribute__((hot)) void often(void)
{
	use(30);
}
__attribute__((cold)) void rare(void)
{
	use(VALUE);
}
int main(void)
{
	use(30);
	return 0;
}
