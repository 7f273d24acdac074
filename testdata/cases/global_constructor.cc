// SPDX-License-Identifier: GPL-3.0-or-later
// A global object is built with another number before main: that is over.
// Without optimisation the constructor calls another function, which changed: only an image tells that it is over.
// expect[!O0]: refuse init-changed
// At -O0 Clang puts what it makes for one object into one section.
// expect[O0 clang]: maybe refuse no-function-sections
// expect[O0]: maybe refuse init-changed
// expect: changed _GLOBAL__sub_I_object|_Z41__static_initialization_and_destruction_0ii|__cxx_global_var_init|_GLOBAL__sub_I_global_constructor.cc
// expect: maybe changed __cxx_global_var_init; maybe changed _Z41__static_initialization_and_destruction_0ii; maybe changed _GLOBAL__sub_I_object; maybe changed _GLOBAL__sub_I_global_constructor.cc
#include "case.h"
#ifdef NEW
#define VALUE 31
#else
#define VALUE 30
#endif
struct Object {
	Object(long value);
	long value;
};
Object object(VALUE);
