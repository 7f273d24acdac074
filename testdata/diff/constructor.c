// SPDX-License-Identifier: GPL-3.0-or-later
// A constructor changes its code.
int state;
__attribute__((constructor)) static void prepare(void)
{
#ifdef OLD
	state = 1;
#else
	state = 2;
#endif
}
