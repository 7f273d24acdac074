// SPDX-License-Identifier: GPL-3.0-or-later
// A jump table gets another case.
// replaces: pick
#include "host.h"

OUT_OF_LINE static int pick(int x)
{
	switch (x) {
	case 0:
		say("zero ");
		return 5;
	case 1:
		say("one ");
		return x * 17;
	case 2:
		return abs(x - 60);
	case 3:
		say("three ");
		return x << 4;
	case 4:
		say("four ");
		return 3;
#if VERSION == 2
	case 5:
		say("five ");
		return x * x;
	case 6:
		say("six ");
		return 66;
#endif
	default:
		return -1;
	}
}

void served(int x)
{
	say("%d", pick(x));
}
