// SPDX-License-Identifier: GPL-3.0-or-later
// A function with clean-up code for exceptions: in-process unwinders would not find it. flags: -fexceptions
int left;

void leave(int *x)
{
	left += *x;
}

__attribute__((noinline)) void call(void (*what)(void))
{
	what();
}

void nothing(void)
{
}

void (*volatile what)(void) = nothing;

__attribute__((noinline)) int served(int x)
{
	__attribute__((cleanup(leave))) int y = x;

	call(what);
	what();
#ifdef NEW
	y += 2;
	what();
#endif
	return y;
}

int (*volatile entry)(int) = served;
int main(int argc, char **argv)
{
	(void)argv;
	for (;;)
		if (entry(argc) > 1000)
			return 0;
}
