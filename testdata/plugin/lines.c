// SPDX-License-Identifier: GPL-3.0-or-later
// Line numbers that move, when lines are put before this file: as they are, as short, folded, in a table; and a constant that only looks like one.
#include "truth.h"
extern void report(int), report_short(short);

void plain(void)
{
	report(__LINE__);
}

void as_short(void)
{
	report_short(__LINE__);
}

void folded(void)
{
	report(__LINE__ * 4 + 1);
}

int in_table(int i)
{
	static const short lines[] = {1, __LINE__, 5, __LINE__};

	return lines[i];
}

void looks_like(void)
{
	report(LOOKS_LIKE);
}
