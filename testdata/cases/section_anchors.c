// SPDX-License-Identifier: GPL-3.0-or-later
// GCC addresses data through another datum of the section ("section anchor"), so that a new static moves the offsets in
// the code of others. That code means the same only together with where its anchor is: reported as changed, which is
// more than the source says, never less.
// where: gcc aarch64 ppc64le s390x riscv64 whole O1 O2 O3
// flags: -fsection-anchors
// expect: new before; new data before.count; maybe changed f
#include "case.h"
#ifdef NEW
long before(void)
{
	static long count;

	return count += get();
}
#endif
long f(void)
{
	static long count;

	return count += 3;
}
