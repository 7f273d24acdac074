/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The initial value of an array on the stack lies in .data without a name; its function differs in a line number. */
void use(const char **words, int line);

#ifdef NEW
#define LINE 2000
#else
#define LINE 1000
#endif

void function(void)
{
#define TEN(n) #n "0", #n "1", #n "2", #n "3", #n "4", #n "5", #n "6", #n "7", #n "8", #n "9"
	const char *words[] = {TEN(1), TEN(2), TEN(3), TEN(4), TEN(5), TEN(6)};

	use(words, LINE);
}
