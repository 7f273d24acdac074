// SPDX-License-Identifier: GPL-3.0-or-later
// References to places outside of what they mean: the table's index starts at 10, so the code refers to 40 bytes before it.
extern int sink(int);
static int before[4] = {1, 2, 3, 4};
static int table[8] = {5, 6, 7, 8, 9, 10, 11, 12};

int get(long i)
{
	return table[i - 10] + sink(before[i & 3]);
}

void set(int i)
{
	before[i & 3] = table[i & 7] = i;
}
