// SPDX-License-Identifier: GPL-3.0-or-later
// A library's thread-local variable, reached in a way for which the image has no slot. flags: -fPIC link: -shared
extern __thread int elsewhere;
int total;

__attribute__((noinline)) int served(int x)
{
#ifdef NEW
	x += elsewhere;
#endif
	return total += x;
}
