// SPDX-License-Identifier: GPL-3.0-or-later
// A table indexed by an enumeration got an entry in the middle: table and readers.
// expect: changed data names; changed f
#include "case.h"
enum kind {
	FIRST,
#ifdef NEW
	INSERTED,
#endif
	SECOND,
	KINDS
};
extern const int names[KINDS];
const int names[KINDS] = {
	[FIRST] = 100,
#ifdef NEW
	[INSERTED] = 150,
#endif
	[SECOND] = 200,
};
int f(unsigned which)
{
	return names[which];
}
