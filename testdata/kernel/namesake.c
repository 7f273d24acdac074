// SPDX-License-Identifier: GPL-3.0-or-later
// Linked in front of module.c: its function of the same name is given back when the module has started.
#include "tiny.h"

static noinline int __init helper(int x)
{
	return x + 5;
}

int __init begin(int x);
int __init begin(int x)
{
	return helper(x) * 3;
}
