// SPDX-License-Identifier: GPL-3.0-or-later
#ifndef VERSION
#define VERSION 1
#endif

static int calls;

int library_value(int x);
int library_value(int x)
{
	calls++;
	return x * 10 + VERSION + (calls == 0);
}
