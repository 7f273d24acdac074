// SPDX-License-Identifier: GPL-3.0-or-later
// New strings before the old ones: pools and labels move, meaning does not. One string really changes.
int puts(const char *text);

#ifdef NEW
void added(void)
{
	puts("added before all others");
	puts("and one more");
}
#endif

void kept(void)
{
	puts("kept");
	puts("also kept");
}

void changed(void)
{
#ifdef OLD
	puts("old words");
#else
	puts("new words");
#endif
}
