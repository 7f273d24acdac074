// SPDX-License-Identifier: GPL-3.0-or-later
// The resolver of an indirect function decides otherwise: it has run already.
// where: x86_64 aarch64 ppc64le s390x
// expect: changed f|resolve; refuse ifunc-changed f|resolve
// expect: maybe changed f; maybe changed resolve
#include "case.h"
static void one(void)
{
	use(1);
}
static void two(void)
{
	use(2);
}
#ifdef NEW
#define LIMIT 70
#else
#define LIMIT 60
#endif
extern long capability __attribute__((visibility("hidden")));
static void (*resolve(void))(void)
{
	return capability > LIMIT ? one : two;
}
void f(void) __attribute__((ifunc("resolve")));
