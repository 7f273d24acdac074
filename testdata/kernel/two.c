// SPDX-License-Identifier: GPL-3.0-or-later
#include "tiny.h"

noinline int overridden(int x)
{
	return x - 2;
}

static noinline int same_name(int x)
{
#ifdef NEW_TWIN
	return x * 6 + (int)jiffies;
#else
	return x * 5 + (int)jiffies;
#endif
}

int counted(int x)
{
	static int count = 1;
#ifdef NEW_STATIC
	static int fresh = 2;

	fresh += x;
	CALL_SITE(call_key);
	return ++count + same_name(x) + fresh;
#else
	return ++count + same_name(x);
#endif
}

int main_path(int x)
{
#ifdef NEW_MAIN
	x += plain(3);
#endif
	CALL_SITE(call_key);
	CALL_SITE(jiffies);
	return counted(x) + plain(x) + same_name(x);
}
