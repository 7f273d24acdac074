// SPDX-License-Identifier: GPL-3.0-or-later
// Functions that cannot be redirected, but whose callers can; functions that an attribute puts into one section; the
// descriptors of pr_debug().
#include "tiny.h"

#define out_of_line notrace __attribute__((noipa))
#define __sched     __attribute__((section(".sched.text"), noipa))

extern int loud(int x), louder(int x), handed_out(int x), around(int x), waiter(int x), debugged(int x);

static out_of_line int silent(int x)
{
#ifdef NEW_SILENT
	return x + 8;
#else
	return x + 7;
#endif
}

static out_of_line int silent_too(int x)
{
	return silent(x) * 3 + (int)jiffies;
}

int loud(int x)
{
	return silent(x) + 1;
}

int louder(int x)
{
	return silent_too(x) - 1;
}

static out_of_line int handed(int x)
{
#ifdef NEW_HANDED
	return x * 5;
#else
	return x * 4;
#endif
}

int (*hand)(int) = handed;

int handed_out(int x)
{
	return handed(x) + 2;
}

static out_of_line int there(int x);
static out_of_line int back(int x)
{
	return x ? there(x - 1) : 3;
}

static out_of_line int there(int x)
{
#ifdef NEW_CIRCLE
	return x > 1 ? back(x - 1) : 4;
#else
	return x ? back(x - 1) : 4;
#endif
}

int around(int x)
{
	return there(x) + 1;
}

static __sched int waits(int x)
{
	return x + (int)jiffies;
}

int __sched waiter(int x)
{
#ifdef NEW_SCHED
	if (x == 12)
		return 0;
#endif
	return waits(x) * waits(x + 1);
}

struct description {
	const char *text;
	long line;
};
#define DESCRIBE(text)                                                                                       \
	({                                                                                                   \
		static struct description __attribute__((section("__dyndbg"), used))                         \
		__UNIQUE_ID_ddebug7 = {text, __LINE__};                                                      \
		__asm__ volatile("" : : "r"(&__UNIQUE_ID_ddebug7));                                          \
	})

int debugged(int x)
{
	DESCRIBE("asked");
#ifdef NEW_DEBUG
	DESCRIBE("asked anew");
	x++;
#endif
	return x - (int)jiffies;
}
