// SPDX-License-Identifier: GPL-3.0-or-later
// A function whose address is kept takes another argument: who calls through the pointer is not known.
// refused: signature-changed
// says: clamp
#include "host.h"

#if VERSION == 2
OUT_OF_LINE static int clamp(int x, int most)
{
	return x > most ? most : x;
}
static int (*volatile action)(int, int) = clamp;
#define CLAMP(x) action(x, 7)
#else
OUT_OF_LINE static int clamp(int x)
{
	return x > 8 ? 8 : x;
}
static int (*volatile action)(int) = clamp;
#define CLAMP(x) action(x)
#endif

void served(int x)
{
	say("%d", CLAMP(x));
}
