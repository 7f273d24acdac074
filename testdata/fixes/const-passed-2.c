// SPDX-License-Identifier: GPL-3.0-or-later
// Keeps nothing.
#include "host.h"

HIDDEN int sum_of(const int *numbers, int count);

int sum_of(const int *numbers, int count)
{
	int sum = 0;

	while (count--)
		sum += *numbers++;
	return sum;
}
