// SPDX-License-Identifier: GPL-3.0-or-later
// __LINE__ is passed to a function that is inlined; the number then stands among the callee's instructions.
void report(int code, int line, const char *text);
int sink(int);

#ifdef NEW
#line 90 // as if much had been added
#endif

static inline __attribute__((always_inline)) int failed(int line)
{
	report(21, line, "failed");
	return 21;
}

int caller(int x)
{
	if (x > 7)
		return failed(__LINE__);
	return sink(x);
}
