// SPDX-License-Identifier: GPL-3.0-or-later
// Stores of immediates to statics in one section: the addend of the address counts the immediate's bytes, too.
static volatile char bytes[3];
static volatile short words[3];
static volatile int longs[3];
#ifdef NEW
int padding_before[5];
#endif

void set(void)
{
	bytes[1] = 5;
	words[2] = 700;
	longs[0] = 80000;
}

int compare_them(void)
{
	return (bytes[0] == 9) + (words[0] == 900) + (longs[2] == 90000);
}
