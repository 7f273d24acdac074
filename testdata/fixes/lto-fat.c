// SPDX-License-Identifier: GPL-3.0-or-later
// Objects that hold intermediate code beside the machine code, which is what was linked (-fno-lto): read as usual.
// replaces: served
// compilers: gcc
// flags: -flto -ffat-lto-objects
// link: -fno-lto
#include "host.h"

OUT_OF_LINE static int scaled(int x)
{
	return x * (VERSION == 2 ? 3 : 2);
}

void served(int x)
{
	say("%d", scaled(x) + (VERSION == 2));
}
