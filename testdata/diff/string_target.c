// SPDX-License-Identifier: GPL-3.0-or-later
// Two strings of the same length are exchanged: equal bytes but for relocated fields.
int puts(const char *text);

void speak(void)
{
#ifdef OLD
	puts("one");
	puts("two");
#else
	puts("two");
	puts("one");
#endif
}
