/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Each function is changed in one way in new/limit.c. */
#include <string.h>

int note(const char *text, int value);
void audit(int value);

#define LIMIT 3

static inline __attribute__((always_inline)) int clamp(int value)
{
	return value > 700 ? 700 : value;
}

int immediate(int value)
{
	return note("immediate", value * 16 + LIMIT);
}

int check(int *table, int index)
{
	note("checked", index);
	return table[index];
}

int call(int value)
{
	note("call", value);
	return value + 1;
}

int string(int value)
{
	return note("old text", value);
}

int inlined(int value)
{
	return note("inlined", clamp(value));
}

int same(int value)
{
	return note("same", value);
}
