// SPDX-License-Identifier: GPL-3.0-or-later
// An exported function takes another argument: programs outside call it as it was.
// form: library
// refused: signature-changed
// says: clamp
#include "host.h"

#if VERSION == 2
int clamp(int x, long most);

int clamp(int x, long most)
{
	return x > most ? (int)most : x;
}
#define CLAMP(x) clamp(x, 7)
#else
int clamp(int x);

int clamp(int x)
{
	return x > 8 ? 8 : x;
}
#define CLAMP(x) clamp(x)
#endif

void served(int x)
{
	say("%d", CLAMP(x));
}
