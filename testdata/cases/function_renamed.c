// SPDX-License-Identifier: GPL-3.0-or-later
// A function has another name; its caller calls another function.
// also: gcc12-riscv64-O1-pic-whole-plain
// also: clang16-x86_64-O2-pie-sections-ubsan
// expect: removed helper; new assistant; changed f
// expect: maybe refuse removed-still-used
#include "case.h"
#ifdef NEW
#define NAME assistant
#else
#define NAME helper
#endif
APART long NAME(long value)
{
	return value * 3 + get();
}
long f(long value)
{
	return NAME(value) + 1;
}
long g(long value)
{
	return value + 1;
}
