// SPDX-License-Identifier: GPL-3.0-or-later
// A constant table changes: so do its readers, directly or through another constant, and nobody else.
int sink(const void *);
#ifdef OLD
#define VALUE 4
#else
#define VALUE 5
#endif
static const int table[] = {1, 2, 3, VALUE, 5, 6, 7, 8, 9};
static const int other[] = {11, 12, 13, 14, 15, 16, 17, 18};
static const int *const tables[] = {other, table};

int reader(int i)
{
	return table[i & 7];
}

const int *indirect(int i)
{
	return tables[i & 1];
}

int unconcerned(int i)
{
	return other[i & 7];
}
