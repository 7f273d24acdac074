// SPDX-License-Identifier: GPL-3.0-or-later
// A constructor is new.
int state;
#ifdef NEW
__attribute__((constructor)) static void prepare(void)
{
	state = 2;
}
#endif
