// SPDX-License-Identifier: GPL-3.0-or-later
// A virtual function more: the table of the class is another one, and so are its readers.
// flags: -fno-rtti
// expect: changed data _ZTV6Circle; new _ZN6Circle6heightEv; maybe changed _Z4makev; maybe changed _ZN6CircleC2Ev; maybe changed _ZN6CircleC1Ev; maybe refuse data-changed; maybe refuse data-layout
#include "case.h"
struct Circle {
	virtual long area();
#ifdef NEW
	virtual long height();
#endif
	Circle();
	long value;
};
long Circle::area()
{
	return get() * 30;
}
#ifdef NEW
long Circle::height()
{
	return get() * 40;
}
#endif
Circle::Circle()
{
	value = get();
}
