// SPDX-License-Identifier: GPL-3.0-or-later
// A thread-local variable is new.
#ifdef NEW
static __thread int depth;
int deeper(void)
{
	return ++depth;
}
#endif
int kept(void)
{
	return 1;
}
