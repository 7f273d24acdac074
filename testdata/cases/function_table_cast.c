// SPDX-License-Identifier: GPL-3.0-or-later
// The same through pointers whose type tells of no argument: the function that is there does.
// expect: changed data all; changed call
// expect[x86_64]: refuse data-changed all
#include "case.h"
typedef void generic(void);
void one(void);
static const void *kept;
void keep(const void *what)
{
	kept = what;
}
const void *give(void)
{
	return kept;
}
#ifdef NEW
#define LAST (generic *)keep
#else
#define LAST one
#endif
static generic *const all[] = {(generic *)keep, one, LAST};
void call(unsigned which)
{
	((void (*)(const void *))all[which])(all);
}
