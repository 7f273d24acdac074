// SPDX-License-Identifier: GPL-3.0-or-later
// With _FORTIFY_SOURCE the size of the buffer is passed on to the checking function.
// where: x86_64 !O0 !kernel !kasan
// flags: -D_FORTIFY_SOURCE=2
// expect: changed f
// reason f: 16 32
#include <string.h>
#ifdef NEW
#define SIZE 32
#else
#define SIZE 16
#endif
void fill(char *buffer);
void f(const char *text)
{
	char buffer[SIZE];

	strcpy(buffer, text);
	fill(buffer);
}
