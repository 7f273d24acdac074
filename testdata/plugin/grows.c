// SPDX-License-Identifier: GPL-3.0-or-later
// A structure grows, and its new field lies where the functions touched another structure before.
extern void *malloc(unsigned long);

struct pair {
	int first, second;
};
struct item {
	int id;
#ifdef NEW
	int limit;
#endif
};

struct item *make(const struct pair *pair)
{
	struct item *item = malloc(sizeof(*item));

	item->id = pair->second;
	return item;
}

int allowed(const struct item *item, const struct pair *pair)
{
#ifdef NEW
	if (pair->first > item->limit)
		return 0;
#endif
	return pair->second > item->id;
}
