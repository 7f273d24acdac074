// SPDX-License-Identifier: GPL-3.0-or-later
// The same code, but another thread-local variable.
// expect: changed f
// reason f: second
#ifdef NEW
#define WHICH second
#else
#define WHICH first
#endif
extern __thread int first, second;
int f(void)
{
	return WHICH;
}
int g(void)
{
	return first + second;
}
