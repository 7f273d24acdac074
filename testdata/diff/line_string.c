// SPDX-License-Identifier: GPL-3.0-or-later
// A source line within a string moves in `moved`; in `fixed` a number changes that is no line. The kernel's initcalls carry
// a counter and a line in their names.
void report(const char *text);
int sink(int);
#define TEXT(x) #x
#define LINE(x) TEXT(x)
#define PLACE   "field \"x\" at " __FILE__ ":" LINE(__LINE__)

static int start(void)
{
	return sink(7);
}

#ifdef NEW
__attribute__((used,
	       section(".initcall5.init"))) static int (*__initcall__kmod_a__778_91_start5)(void) = start;
#line 90 // as if there had been many lines
#else
__attribute__((used,
	       section(".initcall5.init"))) static int (*__initcall__kmod_a__777_44_start5)(void) = start;
#endif

void moved(int x)
{
	if (x)
		report(PLACE);
	sink(x);
}

void fixed(int x)
{
#ifdef OLD
	report("at file.c:500");
#else
	report("at file.c:501");
#endif
	sink(x);
}
