// SPDX-License-Identifier: GPL-3.0-or-later
// A virtual function changed: the table of the class is the same.
// expect: changed _ZN6Circle4areaEv
#include "case.h"
#ifdef NEW
#define STEP 31
#else
#define STEP 30
#endif
struct Shape {
	virtual long area() = 0;
	virtual long edge();
};
struct Circle : Shape {
	long area() override;
	long edge() override;
};
long Circle::area()
{
	return get() * STEP;
}
long Circle::edge()
{
	return get() + 30;
}
