/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef FIXED
#define FIXED 0
#endif

static int library_calls;

__attribute__((noinline)) int library_answer(int x)
{
	library_calls++;
	return x * 5 + FIXED;
}
