// SPDX-License-Identifier: GPL-3.0-or-later
// A function that takes any number of arguments and passes on something else.
// expect: changed f
// reason f: 3 5
#include "case.h"
#ifdef NEW
#define EXTRA 5
#else
#define EXTRA 3
#endif
long f(int count, ...)
{
	__builtin_va_list list;
	long sum = 0;

	__builtin_va_start(list, count);
	while (count-- > 0)
		sum += __builtin_va_arg(list, long);
	__builtin_va_end(list);
	use(sum);
	use(EXTRA);
	return sum;
}
